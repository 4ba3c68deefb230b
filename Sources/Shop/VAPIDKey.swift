import Conveyor
import Crypto

/// The key that identifies the shop to push services (RFC 8292): P-256, 32 bytes in base64url.
public struct VAPIDKey: Sendable {
    private let key: P256.Signing.PrivateKey
    /// The public key, uncompressed, in base64url, with which browsers subscribe.
    public let publicKey: String

    /// nil if the text is not such a key.
    public init?(_ text: String) {
        guard let bytes = Base64URL.decode(text.utf8), let key = try? P256.Signing.PrivateKey(rawRepresentation: bytes) else { return nil }
        self.key = key
        self.publicKey = Base64URL.encode(Array(key.publicKey.x963Representation))
    }

    /// The header `Authorization` of a request to a push service.
    /// - Parameters:
    ///   - audience: the service's origin, `https://push.example`.
    ///   - expiresAt: seconds since 1970, at most a day ahead.
    ///   - subject: the shop's contact: `mailto:` or `https:`.
    public func authorization(audience: String, expiresAt: Int64, subject: String) throws -> String {
        func quoted(_ text: String) -> String {
            // Both are safe in a header: a URL's origin, and a checked setting.
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        let claims = "{\"aud\":\(quoted(audience)),\"exp\":\(expiresAt),\"sub\":\(quoted(subject))}"
        let signed = [#"{"typ":"JWT","alg":"ES256"}"#, claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
        let signature = try self.key.signature(for: Array(signed.utf8)).rawRepresentation
        return "vapid t=\(signed).\(Base64URL.encode(Array(signature))), k=\(self.publicKey)"
    }
}
