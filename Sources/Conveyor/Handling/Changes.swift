import FoundationEssentials
public import Postgres

/// When a message was accepted, and by which process: its position among the messages about the same resource.
///
/// A queue keeps its messages in the order of their acceptance, so a message's first attempt simply takes effect. Out of order are messages after a
/// retry or a replay, and messages that another worker has overtaken. These must not overwrite a newer change.
public struct Acceptance: Sendable {
    /// By the database's clock, as all times here: microseconds since 1970.
    fileprivate let now: Int64
    /// When its first failed attempt was recorded; nil if there was none.
    fileprivate let failedAt: Int64?
    /// The process that accepted it; nil if unknown.
    fileprivate let sender: String?
    /// When it was accepted, by that process's clock.
    fileprivate let sentAt: Int64?
}

/// The acceptances of a batch.
public struct Acceptances: Sendable {
    private let now: Int64
    private let failedAt: [ID: Int64]

    private static let read: Statement = """
        select null::uuid, (extract(epoch from clock_timestamp()) * 1000000)::int8
        union all
        select message_id, (extract(epoch from min(at)) * 1000000)::int8 from attempts
        where correlation_id = any($1) and message_id = any($2) group by message_id
        """

    /// The query whose rows ``init(_:)`` reads. Run it after the one that locks the resources.
    public static func reading(_ envelopes: some Sequence<Envelope>) -> Call {
        let envelopes = Array(envelopes)
        return Call(Self.read, envelopes.map(\.correlationID), envelopes.map(\.messageID))
    }

    /// Reads the rows of ``reading(_:)``.
    public init(_ rows: Rows) throws(PostgresError) {
        var now: Int64 = 0
        var failedAt: [ID: Int64] = [:]
        for row in rows {
            let time = try row[1, as: Int64.self]
            if let id = try row[0, as: ID?.self] { failedAt[id] = time } else { now = time }
        }
        self.now = now
        self.failedAt = failedAt
    }

    /// The acceptance of one of the messages.
    public subscript(envelope: Envelope) -> Acceptance {
        Acceptance(now: self.now, failedAt: self.failedAt[envelope.messageID], sender: envelope.sender, sentAt: envelope.sentAt)
    }
}

/// The last changes of a resource by part (e.g. a field), stored in a JSON column of its row.
///
/// Compares only times of one clock: the database's, or one sender's. Times of two senders decide nothing.
public struct Changes: Sendable, Equatable {
    private struct Change: Codable, Sendable, Equatable {
        /// By the database's clock: microseconds since 1970.
        var at: Int64
        /// The process that accepted the command; nil if unknown.
        var by: String?
        /// By that process's clock: milliseconds since 1970.
        var sent: Int64?
    }

    private var last: [String: Change]

    /// A resource that was never changed.
    public init() { self.last = [:] }

    /// Reads the column.
    public init(_ json: JSONText?) throws { self.last = try json.map { try JSON.decode(from: $0.bytes) } ?? [:] }

    /// The value of the column.
    public var json: JSONText? {
        get throws { self.last.isEmpty ? nil : JSONText(try JSON.encode(self.last)) }
    }

    /// Whether a newer message has changed a part: this one had failed before that change, or the same process accepted it earlier.
    public func isSuperseded(_ acceptance: Acceptance, in part: String) -> Bool {
        guard let last = self.last[part] else { return false }
        if let failedAt = acceptance.failedAt, failedAt < last.at { return true }
        if let sender = acceptance.sender, sender == last.by, let sentAt = acceptance.sentAt, let newer = last.sent { return sentAt < newer }
        return false
    }

    /// Admits a message that changes some parts.
    /// - Throws: `superseded` if a newer one has changed one of them; then change nothing.
    public mutating func admit(_ acceptance: Acceptance, in parts: some Sequence<String>) throws(Problem) {
        for part in parts where self.isSuperseded(acceptance, in: part) { throw .superseded }
        self.note(acceptance, in: parts)
    }

    /// Records that a message has changed some parts. Of one sender's changes the newest stays the reference, since commutative changes may be
    /// recorded in any order.
    public mutating func note(_ acceptance: Acceptance, in parts: some Sequence<String>) {
        for part in parts {
            var change = Change(at: acceptance.now, by: acceptance.sender, sent: acceptance.sentAt)
            if let last = self.last[part], last.by == change.by, let sent = last.sent { change.sent = max(sent, change.sent ?? sent) }
            self.last[part] = change
        }
    }
}

extension Problem {
    /// A command that comes too late.
    public static let superseded = Problem(.superseded, "A newer change took effect before this one could; nothing was changed.")
}
