import Conveyor
import Crypto

/// The key by which push services know the shop (RFC 8292): of P-256, as 32 bytes in base64url.
public struct VAPIDKey: Sendable {
    private let key: P256.Signing.PrivateKey
    /// The public key, uncompressed, in base64url: what browsers subscribe with.
    public let publicKey: String

    /// Nil if the text is no such key.
    public init?(_ text: String) {
        guard let bytes = Base64URL.decode(text.utf8), let key = try? P256.Signing.PrivateKey(rawRepresentation: bytes) else { return nil }
        self.key = key
        self.publicKey = Base64URL.encode(Array(key.publicKey.x963Representation))
    }

    /// The header `Authorization` of a request to a push service.
    /// - Parameters:
    ///   - audience: the service's origin, `https://push.example`.
    ///   - expiresAt: seconds since 1970, at most a day ahead.
    ///   - subject: who the shop is: `mailto:` or `https:`.
    public func authorization(audience: String, expiresAt: Int64, subject: String) throws -> String {
        func quoted(_ text: String) -> String {
            // What a header must not hold is in neither: a URL's origin, and a setting that was checked.
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        let claims = "{\"aud\":\(quoted(audience)),\"exp\":\(expiresAt),\"sub\":\(quoted(subject))}"
        let signed = [#"{"typ":"JWT","alg":"ES256"}"#, claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
        let signature = try self.key.signature(for: Array(signed.utf8)).rawRepresentation
        return "vapid t=\(signed).\(Base64URL.encode(Array(signature))), k=\(self.publicKey)"
    }
}
