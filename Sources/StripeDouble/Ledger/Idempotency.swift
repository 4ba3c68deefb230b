import Crypto
import FoundationEssentials

/// The answers that are kept under their idempotency keys, and the keys whose call is still under way.
///
/// https://docs.stripe.com/api/idempotent_requests: POST only; status and body are kept, errors too, once the endpoint had begun its work.
struct Idempotency: Sendable {
    /// An answer and the call that it answered.
    struct Record: Sendable, Codable {
        let key: String
        /// Unix seconds.
        let created: Int
        /// Digest of path and parameters.
        let fingerprint: String
        let path: String
        let requestID: String
        let answer: Answer
    }

    /// What is to become of a call with a key.
    enum Decision: Sendable {
        case proceed
        case replay(Record)
        case refuse(StripeError)
    }

    /// Stripe keeps keys for at least 24 hours; the hour more allows for clocks.
    static let lifetime = 25 * 3600

    private var records: [String: Record] = [:]
    private var order: [String] = []
    private var underWay: Set<String> = []

    /// Takes the key for this call, unless it is taken or answered already.
    mutating func begin(_ key: String, path: String, fingerprint: String, now: Int) -> Decision {
        self.expire(now: now)
        if self.underWay.contains(key) { return .refuse(.keyInUse) }
        guard let record = self.records[key] else {
            self.underWay.insert(key)
            return .proceed
        }
        if record.path != path {
            return .refuse(Self.mismatch("for the same endpoint they were first used for ('\(record.path)' vs '\(path)')", key))
        }
        if record.fingerprint != fingerprint { return .refuse(Self.mismatch("with the same parameters they were first used with", key)) }
        return .replay(record)
    }

    /// Gives the key back; from then on a call with it gets the record, if there is one.
    mutating func end(_ key: String) { self.underWay.remove(key) }

    mutating func keep(_ record: Record) {
        if self.records.updateValue(record, forKey: record.key) == nil { self.order.append(record.key) }
    }

    /// All that is kept, oldest first.
    var all: some Sequence<Record> { self.order.lazy.compactMap { self.records[$0] } }

    private mutating func expire(now: Int) {
        let count = self.order.prefix { self.records[$0].map { $0.created < now - Self.lifetime } ?? true }.count
        guard count > 0 else { return }
        for key in self.order.prefix(count) { self.records[key] = nil }
        self.order.removeFirst(count)
    }

    static func fingerprint(_ call: Call) -> String {
        let digest = SHA256.hash(data: Data(call.form.canonical.utf8))
        return digest.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    private static func mismatch(_ rule: String, _ key: String) -> StripeError {
        StripeError(
            status: 400, kind: .idempotency,
            message: "Keys for idempotent requests can only be used \(rule). Try using a key other than '\(key)' if you meant to execute a "
                + "different request.")
    }
}
