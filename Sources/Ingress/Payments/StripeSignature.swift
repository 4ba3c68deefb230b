import Crypto
import Shop

/// Verifies the header `Stripe-Signature` (docs.stripe.com/webhooks#verify-manually): `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`.
struct StripeSignature: Sendable {
    /// Seconds that a signature may be old, or ahead of our clock.
    static let tolerance: Int64 = 300

    private let keys: [SymmetricKey]

    /// - Parameter secrets: `whsec_…`, each used whole; a signature by any of them is accepted, so that they can be changed.
    init(secrets: [String]) {
        self.keys = secrets.map { SymmetricKey(data: Array($0.utf8)) }
    }

    /// - Parameter now: Unix seconds.
    /// - Throws: `Problem` `bad_signature`.
    func verify(_ header: String?, of body: [UInt8], now: Int64) throws(Problem) {
        guard let header else { throw Self.refusal("The header Stripe-Signature is missing.") }
        var time: Int64?
        var signatures: [[UInt8]] = []
        for part in header.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0].drop(while: { $0 == " " }) {
            case "t": time = Int64(pair[1])
            // Others are decoys or of another protocol: only v1 counts.
            case "v1": if let bytes = Self.bytes(hexadecimal: pair[1]) { signatures.append(bytes) }
            default: break
            }
        }
        guard let time else { throw Self.refusal("Stripe-Signature has no time.") }
        guard !signatures.isEmpty else { throw Self.refusal("Stripe-Signature has no v1 signature.") }
        let message = Array("\(time).".utf8) + body
        let isValid = self.keys.contains { key in
            signatures.contains { HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: message, using: key) }
        }
        guard isValid else { throw Self.refusal("No signature is by a secret that is known here.") }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        guard !overflow, -Self.tolerance...Self.tolerance ~= age else {
            throw Self.refusal("The signature's time is more than \(Self.tolerance) s away.")
        }
    }

    private static func refusal(_ detail: String) -> Problem { Problem(.badSignature, detail) }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
