public import Conveyor
import Crypto
import FoundationEssentials

/// The secret with which a partner verifies the shop's deliveries (standardwebhooks.com): `whsec_` and 32 bytes in base64.
public struct WebhookSecret: Sendable, Equatable {
    private let bytes: [UInt8]

    /// A new random secret.
    public init() {
        var random = SystemRandomNumberGenerator()
        self.bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// A secret derived from a request, which may be repeated: all of its answers then show the same secret.
    /// - Parameters:
    ///   - message: the id of its message, which follows from its idempotency key.
    ///   - key: `SECRET_KEY`.
    public init(of message: ID, key: String) {
        let text = Array("conveyor.webhook-secret".utf8) + message.bytes
        self.bytes = Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: Array(key.utf8))))
    }

    /// Nil if the text is not a secret.
    public init?(_ text: String) {
        guard text.hasPrefix("whsec_"), let data = Data(base64Encoded: String(text.dropFirst(6))), 24...64 ~= data.count else { return nil }
        self.bytes = Array(data)
    }

    /// The form that a partner sees, once.
    public var text: String { "whsec_" + Data(self.bytes).base64EncodedString() }

    /// The signature of a delivery: `v1,…`.
    /// - Parameter timestamp: seconds since 1970.
    public func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var mac = HMAC<SHA256>(key: SymmetricKey(data: self.bytes))
        mac.update(data: Array("\(id).\(timestamp).".utf8))
        mac.update(data: body)
        return "v1," + Data(mac.finalize()).base64EncodedString()
    }
}

/// Encrypts stored secrets, so that no message, log or database shows them: AES-GCM with a key derived from `SECRET_KEY`.
public struct SecretBox: Sendable {
    private let keys: [(id: String, key: SymmetricKey)]

    /// - Parameter secrets: `SECRET_KEY`, which seals, then the previous keys, which open older ones.
    public init(secrets: [String]) {
        self.keys = secrets.map { secret in
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: Array(secret.utf8)), info: Array("conveyor.sealed-secret".utf8), outputByteCount: 32)
            let name = HMAC<SHA256>.authenticationCode(for: Array("conveyor.sealed-secret.name".utf8), using: key)
            return (Base64URL.encode(Array(name.prefix(6))), key)
        }
    }

    /// `<name of the key>.<nonce, text and tag in base64url>`
    public func seal(_ text: String) throws -> String {
        guard let (id, key) = self.keys.first, let sealed = try AES.GCM.seal(Array(text.utf8), using: key).combined else { return "" }
        return "\(id).\(Base64URL.encode(Array(sealed)))"
    }

    /// The sealed text; nil if none of the keys has sealed it, or it was changed.
    public func open(_ sealed: String) -> String? {
        let parts = sealed.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let key = self.keys.first(where: { $0.id == parts[0] })?.key, let bytes = Base64URL.decode(parts[1].utf8),
            let box = try? AES.GCM.SealedBox(combined: bytes), let text = try? AES.GCM.open(box, using: key)
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether the present key has sealed it.
    public func isCurrent(_ sealed: String) -> Bool { self.keys.first.map { sealed.hasPrefix($0.id + ".") } ?? false }
}
