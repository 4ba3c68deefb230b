import Crypto
import FoundationEssentials

/// The answers by idempotency key, and the keys of calls in progress.
///
/// https://docs.stripe.com/api/idempotent_requests: POST only. Keeps status and body, also of errors, once the endpoint has begun its work.
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

    /// The decision about a call with a key.
    enum Decision: Sendable {
        case proceed
        case replay(Record)
        case refuse(StripeError)
    }

    /// Stripe keeps keys for at least 24 hours; one more hour allows for clock differences.
    static let lifetime = 25 * 3600

    private var records: [String: Record] = [:]
    private var order: [String] = []
    private var underWay: Set<String> = []

    /// Claims the key for this call, unless another call has claimed it or it has an answer.
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

    /// Releases the key; later calls with it get the record, if there is one.
    mutating func end(_ key: String) { self.underWay.remove(key) }

    mutating func keep(_ record: Record) {
        if self.records.updateValue(record, forKey: record.key) == nil { self.order.append(record.key) }
    }

    /// All records, oldest first.
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
