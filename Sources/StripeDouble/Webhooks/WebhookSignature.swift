import Crypto
import FoundationEssentials

/// The `Stripe-Signature` header: `t=<unix seconds>,v1=<hex>[,v1=<hex>],v0=<hex>`.
///
/// https://docs.stripe.com/webhooks/signature: HMAC-SHA256 of `<t>.<body>`, keyed with the whole text of the secret. While a secret is rolled,
/// both sign. `v0` is a decoy, as Stripe sends it in test mode; a client must not accept it.
enum WebhookSignature {
    static func header(_ body: String, secrets: [String], at instant: Int) -> String {
        let message = Data("\(instant).\(body)".utf8)
        let signatures = secrets.map { secret in
            "v1=" + Self.hex(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Data(secret.utf8))))
        }
        let decoy = "v0=" + Self.hex(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Data("decoy".utf8))))
        return (["t=\(instant)"] + signatures + [decoy]).joined(separator: ",")
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    }
}
