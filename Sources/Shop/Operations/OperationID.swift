public import Conveyor
import Crypto
import FoundationEssentials

/// The id of an operation for clients: `op_…`. It contains everything that is known before a worker handles the message, authenticated by a MAC.
///
/// So the API can tell an id that it never issued from an operation that is not handled yet, without storing anything, and a client
/// cannot look up an operation by guessing a message id.
public struct OperationID: Sendable, Hashable {
    /// The kind of operation.
    public var kind: OperationKind
    /// The command's message id, which is the correlation id of all follow-up messages.
    public var messageID: ID
    /// The account that sent the command; nil for an anonymous request.
    public var actor: ID?
    /// The resource that it creates or changes; nil if that must not be revealed.
    public var resource: ID?
    /// The first halves of the possible fingerprints of its message. If the handled message with this id has another one, it came with the same
    /// idempotency key and another body, and this operation was not performed. Empty without a key.
    public var fingerprints: [UInt64] = []
    /// Several, since the secret may be rotated between a request and its repetition.
    public static let mostFingerprints = 3

    /// The id of an operation.
    public init(kind: OperationKind, messageID: ID, actor: ID?, resource: ID?) {
        self.kind = kind
        self.messageID = messageID
        self.actor = actor
        self.resource = resource
    }

    private static let prefix = "op_"
    private static let macLength = 16

    private struct Flags {
        static let actor: UInt8 = 1
        static let resourceIsMessage: UInt8 = 2
        static let resourceIsActor: UInt8 = 4
        static let resource: UInt8 = 8
        /// The number of fingerprints, shifted by 4 bits.
        static let fingerprints: UInt8 = 0x30
    }

    /// The text: kind, flags, message id, then the ids of the actor and the resource if they exist and differ, then the MAC; base64url without
    /// padding.
    public func text(key: OperationKey) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + 3 * 16 + Self.macLength)
        var flags: UInt8 = 0
        if self.actor != nil { flags |= Flags.actor }
        switch self.resource {
        case nil: break
        case self.messageID: flags |= Flags.resourceIsMessage
        case self.actor: flags |= Flags.resourceIsActor
        default: flags |= Flags.resource
        }
        flags |= UInt8(min(self.fingerprints.count, Self.mostFingerprints)) << 4
        bytes.append(self.kind.rawValue)
        bytes.append(flags)
        self.messageID.append(to: &bytes)
        self.actor?.append(to: &bytes)
        if flags & Flags.resource != 0 { self.resource?.append(to: &bytes) }
        for fingerprint in self.fingerprints.prefix(Self.mostFingerprints) {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: fingerprint >> shift)) }
        }
        key.appendMAC(of: bytes, length: Self.macLength, to: &bytes)
        return Self.prefix + Base64URL.encode(bytes)
    }

    /// Parses an operation's id; nil if none of these keys signed it.
    public init?(_ text: String, keys: [OperationKey]) {
        self.init(text) { mac, signed in keys.contains { $0.isMAC(mac, of: signed) } }
    }

    /// Parses an operation's id without verifying it: operators may see all operations.
    public init?(unverified text: String) {
        self.init(text) { _, _ in true }
    }

    private init?(_ text: String, isIssued: (_ mac: ArraySlice<UInt8>, _ signed: ArraySlice<UInt8>) -> Bool) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 128, let bytes = Base64URL.decode(text.utf8.dropFirst(Self.prefix.utf8.count)),
            bytes.count >= 2 + 16 + Self.macLength
        else { return nil }
        let signed = bytes.dropLast(Self.macLength)
        let mac = bytes.suffix(Self.macLength)
        guard isIssued(mac, signed), let kind = OperationKind(rawValue: bytes[0]) else { return nil }
        var rest = signed.dropFirst(2)
        func next() -> ID? {
            defer { rest = rest.dropFirst(16) }
            return ID(bytes: rest)
        }
        let flags = bytes[1]
        guard let messageID = next() else { return nil }
        self.kind = kind
        self.messageID = messageID
        self.actor = flags & Flags.actor != 0 ? next() : nil
        if flags & Flags.resourceIsMessage != 0 {
            self.resource = messageID
        } else if flags & Flags.resourceIsActor != 0 {
            self.resource = self.actor
        } else {
            self.resource = flags & Flags.resource != 0 ? next() : nil
        }
        self.fingerprints = (0..<flags >> 4 & 3).map { _ in
            defer { rest = rest.dropFirst(8) }
            return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

/// A key that signs operation ids: derived from `SECRET_KEY` with a label, so it is useless for anything else.
public struct OperationKey: Sendable {
    /// The HMAC state with the key already absorbed; each MAC starts from a copy.
    private let mac: HMAC<SHA256>

    /// The key derived from a secret.
    public init(secret: String) {
        self.mac = HMAC(
            key: SymmetricKey(
                data: HMAC<SHA256>.authenticationCode(for: Array("conveyor.operation".utf8), using: SymmetricKey(data: Array(secret.utf8)))))
    }

    private func code(of bytes: some DataProtocol) -> HMAC<SHA256>.MAC {
        var mac = self.mac
        mac.update(data: bytes)
        return mac.finalize()
    }

    fileprivate func appendMAC(of bytes: [UInt8], length: Int, to output: inout [UInt8]) {
        self.code(of: bytes).withUnsafeBytes { output += $0.prefix(length) }
    }

    fileprivate func isMAC(_ mac: ArraySlice<UInt8>, of bytes: ArraySlice<UInt8>) -> Bool {
        // Compares all bytes of two fixed-length values, in constant time.
        zip(self.code(of: bytes), mac).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
