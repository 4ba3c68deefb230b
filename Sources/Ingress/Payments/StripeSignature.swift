import Conveyor
import Crypto
import Shop

/// Verifies the header `Stripe-Signature` (docs.stripe.com/webhooks#verify-manually): `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`.
struct StripeSignature: Sendable {
    /// Seconds by which a signature's time may differ from our clock.
    static let tolerance: Int64 = 300

    private let keys: [SymmetricKey]

    /// - Parameter secrets: `whsec_…`, including the prefix; a signature by any of them is accepted, so that secrets can be rotated.
    init(secrets: [String]) {
        self.keys = secrets.map { SymmetricKey(data: Array($0.utf8)) }
    }

    /// The limit of signatures in a header: Stripe sends one per valid secret.
    private static let most = 8

    /// The content of a header before its verification.
    struct Claim {
        fileprivate let time: Int64
        fileprivate let signatures: [[UInt8]]
    }

    /// Parses the header without the body.
    /// - Parameter now: Unix seconds.
    /// - Throws: `Problem` `bad_signature`: the header is missing, or its time is too far from ours.
    static func claim(_ header: String?, now: Int64) throws(Problem) -> Claim {
        guard let header else { throw Self.refusal("The header Stripe-Signature is missing.") }
        var time: Int64?
        var signatures: [[UInt8]] = []
        for part in header.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0].drop(while: { $0 == " " }) {
            case "t": time = Int64(pair[1])
            // Other schemes are test or legacy ones; only v1 counts.
            case "v1" where signatures.count < Self.most: if let bytes = Self.bytes(hexadecimal: pair[1]) { signatures.append(bytes) }
            default: break
            }
        }
        guard let time else { throw Self.refusal("Stripe-Signature has no time.") }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        guard !overflow, -Self.tolerance...Self.tolerance ~= age else {
            throw Self.refusal("The signature's time is more than \(Self.tolerance) s away.")
        }
        guard !signatures.isEmpty else { throw Self.refusal("Stripe-Signature has no v1 signature.") }
        return Claim(time: time, signatures: signatures)
    }

    /// Verifies a body against its header: one MAC per secret, however many signatures there are.
    /// - Throws: `Problem` `bad_signature`.
    func verify(_ claim: Claim, of body: [UInt8]) throws(Problem) {
        let prefix = Array("\(claim.time).".utf8)
        let isValid = self.keys.contains { key in
            var hmac = HMAC<SHA256>(key: key)
            hmac.update(data: prefix)
            hmac.update(data: body)
            let code = Array(hmac.finalize())
            // Compares all of them in constant time.
            return claim.signatures.reduce(false) { isKnown, signature in
                let difference = zip(code, signature).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
                return isKnown || difference == 0 && signature.count == code.count
            }
        }
        guard isValid else { throw Self.refusal("No signature is by a secret that is known here.") }
    }

    private static func refusal(_ detail: String) -> Problem { Problem(.badSignature, detail) }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
