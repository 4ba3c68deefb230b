public import Conveyor
import Crypto
import FoundationEssentials

/// The secret by which a partner knows the shop's deliveries (standardwebhooks.com): `whsec_` and 32 bytes in base64.
public struct WebhookSecret: Sendable, Equatable {
    private let bytes: [UInt8]

    /// A new one.
    public init() {
        var random = SystemRandomNumberGenerator()
        self.bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// The one that a request makes that may come again, so that each of its answers shows the same: done once, it makes one.
    /// - Parameters:
    ///   - message: the id of its message, which its idempotency key decides.
    ///   - key: `SECRET_KEY`.
    public init(of message: ID, key: String) {
        let text = Array("conveyor.webhook-secret".utf8) + message.bytes
        self.bytes = Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: Array(key.utf8))))
    }

    /// Nil if the text is none.
    public init?(_ text: String) {
        guard text.hasPrefix("whsec_"), let data = Data(base64Encoded: String(text.dropFirst(6))), 24...64 ~= data.count else { return nil }
        self.bytes = Array(data)
    }

    /// As a partner is shown it, once.
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

/// Seals secrets that must be kept, so that neither a message, a log nor the database shows them: AES-GCM by a key made from `SECRET_KEY`.
public struct SecretBox: Sendable {
    private let keys: [(id: String, key: SymmetricKey)]

    /// - Parameter secrets: `SECRET_KEY`, which seals, then the previous ones, by which older ones are opened.
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

    /// Whether it was sealed by the key that seals now.
    public func isCurrent(_ sealed: String) -> Bool { self.keys.first.map { sealed.hasPrefix($0.id + ".") } ?? false }
}
