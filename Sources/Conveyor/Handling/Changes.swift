import FoundationEssentials
public import Postgres

/// When, and by whom, a message was accepted: where it stands among those about the same thing.
///
/// A queue keeps its messages in the order in which they were accepted, so a message that is handled for the first time simply takes effect. What comes out
/// of this order is a message that has climbed the retry ladder or was replayed, and one that another worker was quicker than. Such a message must not
/// take effect on top of a newer one.
public struct Acceptance: Sendable {
    /// By the database's clock, as all times here: microseconds since 1970.
    fileprivate let now: Int64
    /// When its first failed attempt was noted; nil if none was.
    fileprivate let failedAt: Int64?
    /// Which process accepted it; nil if it does not say.
    fileprivate let sender: String?
    /// By that process's clock.
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

    /// The query that ``init(_:)`` reads. It belongs behind the one that locks what the messages are about.
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

/// The last changes of a thing, by part (a field, say), as a column of JSON keeps them beside it.
///
/// Times of one clock alone are compared: those of the database, or those of one sender. What two senders say of the time decides nothing.
public struct Changes: Sendable, Equatable {
    private struct Change: Codable, Sendable, Equatable {
        /// By the database's clock: microseconds since 1970.
        var at: Int64
        /// Which process accepted the command; nil if it did not say.
        var by: String?
        /// By that process's clock: milliseconds since 1970.
        var sent: Int64?
    }

    private var last: [String: Change]

    /// Of a thing that was never changed.
    public init() { self.last = [:] }

    /// Reads the column.
    public init(_ json: JSONText?) throws { self.last = try json.map { try JSON.decode(from: $0.bytes) } ?? [:] }

    /// For the column.
    public var json: JSONText? {
        get throws { self.last.isEmpty ? nil : JSONText(try JSON.encode(self.last)) }
    }

    /// Whether a newer message has changed a part: this one had failed before that change was made, or the same process accepted it earlier.
    public func isSuperseded(_ acceptance: Acceptance, in part: String) -> Bool {
        guard let last = self.last[part] else { return false }
        if let failedAt = acceptance.failedAt, failedAt < last.at { return true }
        if let sender = acceptance.sender, sender == last.by, let sentAt = acceptance.sentAt, let newer = last.sent { return sentAt < newer }
        return false
    }

    /// Takes a message in that changes some parts.
    /// - Throws: `superseded` if a newer one has changed one of them: then nothing is to change.
    public mutating func admit(_ acceptance: Acceptance, in parts: some Sequence<String>) throws(Problem) {
        for part in parts where self.isSuperseded(acceptance, in: part) { throw .superseded }
        self.note(acceptance, in: parts)
    }

    /// Notes that a message has changed some parts. Of one sender's the newest stays the one that others are compared with: what counts in any order may be
    /// noted in any order.
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
