import Conveyor
import Crypto
import Hummingbird
import Shop

/// A client's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same key, user, method and path give the same message id, so the
/// request takes effect once however often it is sent.
struct IdempotencyKey: Sendable {
    private let text: String

    /// The header's value, bare or as a quoted structured-field string; nil if missing.
    /// - Throws: `Problem` `bad_request`.
    init?(_ request: Request) throws(Problem) {
        guard let header = request.headers[.idempotencyKey] else { return nil }
        var text = header
        if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 {
            text = String(text.dropFirst().dropLast()).split(separator: "\\\\", omittingEmptySubsequences: false)
                .map { $0.split(separator: "\\\"", omittingEmptySubsequences: false).joined(separator: "\"") }.joined(separator: "\\")
        }
        guard 1...255 ~= text.utf8.count, text.utf8.allSatisfy({ 0x20...0x7e ~= $0 }) else {
            throw Problem(.badRequest, "Idempotency-Key must have 1 to 255 printable characters.")
        }
        self.text = text
    }

    /// The message id for a signed-in user. It needs no secret, so it survives a rotation of the keys.
    func messageID(actor: ID, request: Request) -> ID {
        var hash = SHA256()
        self.update(&hash, actor.description, request)
        return ID(digest: hash.finalize())
    }

    /// The message id for an anonymous request. It covers the body, which may contain a password, so it needs a secret.
    func messageID(body: [UInt8], request: Request, secret: SymmetricKey) -> ID {
        var hash = HMAC<SHA256>(key: secret)
        hash.update(data: Array("anonymous\u{0}\(request.method.rawValue)\u{0}\(request.uri.path)\u{0}\(self.text)\u{0}".utf8))
        hash.update(data: body)
        return ID(digest: hash.finalize())
    }

    private func update(_ hash: inout SHA256, _ actor: String, _ request: Request) {
        hash.update(data: Array("\(actor)\u{0}\(request.method.rawValue)\u{0}\(request.uri.path)\u{0}\(self.text)".utf8))
    }
}

extension UInt64 {
    /// The first half of a fingerprint.
    init?(fingerprint: String) { self.init(fingerprint.prefix(16), radix: 16) }
}

/// A MAC of a body: it identifies the body without revealing it, since that may contain a password.
struct Fingerprints: Sendable {
    /// By `SECRET_KEY`, then by the previous keys, which made the fingerprints of older messages.
    let keys: [SymmetricKey]
    /// HMAC states with the keys already absorbed; each MAC starts from a copy.
    private let macs: [HMAC<SHA256>]

    /// - Parameter secrets: `SECRET_KEY`, then the previous keys.
    init(secrets: [String]) {
        self.keys = secrets.map { secret in
            SymmetricKey(
                data: HMAC<SHA256>.authenticationCode(for: Array("conveyor.fingerprint".utf8), using: SymmetricKey(data: Array(secret.utf8))))
        }
        self.macs = self.keys.map { HMAC(key: $0) }
    }

    /// A body's fingerprints by each of the keys, the current one first: 32 hexadecimal digits each.
    func all(of body: [UInt8]) -> [String] { self.macs.map { Self.make(body, $0) } }

    /// Whether a fingerprint belongs to this body.
    func isMade(_ fingerprint: String, of body: [UInt8]) -> Bool { self.macs.contains { Self.make(body, $0) == fingerprint } }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func make(_ body: [UInt8], _ begun: HMAC<SHA256>) -> String {
        var mac = begun
        mac.update(data: body)
        return mac.finalize().withUnsafeBytes { code in
            String(unsafeUninitializedCapacity: 32) { text in
                for (index, byte) in code.prefix(16).enumerated() {
                    text[2 * index] = self.digits[Int(byte >> 4)]
                    text[2 * index + 1] = self.digits[Int(byte & 15)]
                }
                return 32
            }
        }
    }
}
