import Conveyor
import FoundationEssentials
import Postgres

/// A dead letter with all its stored data.
struct DeadLetterDetail: Sendable {
    var letter: DeadLetter
    /// The message's own time.
    var sentAt: Date?
    var recordedAt: Date
    var properties: StoredProperties
    var headers: [String: JSONValue]
    /// Any bytes.
    var payload: [UInt8]
    /// Whether the inbox has the message: it has taken effect, and a replay changes nothing.
    var isApplied: Bool
    /// Whether it is older than the inbox, so that it may have taken effect.
    var isForgotten: Bool
    /// The decoding error because of which a replay without an edit would fail; nil if the payload decodes.
    var undecodable: String?
    /// Whether the reader must not see the payload.
    var isPayloadHidden = false

    /// Without the payload, for readers who must not see it.
    var withoutPayload: DeadLetterDetail {
        var detail = self
        detail.isPayloadHidden = true
        return detail
    }

    /// The columns of `dead_letters d` that ``init(_:of:)`` reads, in order.
    static let columns = """
        \(DeadLetter.columns), sent_at, recorded_at, properties, headers, payload,
        exists (select from inbox i where i.message_id = d.message_id and i.consumer = d.queue and i.attempt > 0),
        coalesce(d.sent_at < inbox_kept_since(), false)
        """

    /// Reads the columns of ``columns``.
    init(_ row: Row, of application: OperatorApplication) throws {
        let first = DeadLetter.columnCount
        self.letter = try DeadLetter(row, of: application)
        self.sentAt = try row[first]
        self.recordedAt = try row[first + 1]
        self.properties = try JSON.decode(from: row[first + 2, as: JSONText.self].bytes)
        self.headers = try JSON.decode(from: row[first + 3, as: JSONText.self].bytes)
        self.payload = try row[first + 4]
        self.isApplied = try row[first + 5]
        self.isForgotten = try row[first + 6]
        let schema = self.headers["schema"]?.integer.map { Int(clamping: $0) } ?? 1
        if case .doesNotDecode(let reason) = application.verdict(type: self.letter.type, schema: schema, payload: self.payload) {
            self.undecodable = reason
        }
    }

    /// The payload, if it is JSON that can be embedded unchanged in another JSON text.
    var payloadJSON: [UInt8]? {
        // Foundation also reads UTF-16 and skips a byte order mark; both would break the enclosing text.
        guard !self.payload.contains(0), self.payload.first != 0xef, (try? JSON.decode(JSONValue.self, from: self.payload)) != nil else { return nil }
        return self.payload
    }
}

/// An entry of a dead letter's history.
struct HistoryEntry: Sendable {
    var at: Date
    /// `system`, or `operator:<name>`.
    var actor: String
    /// `dead_lettered`, `dead_lettered_again`, `replay`, `edit`, `discard`.
    var act: String
    /// For an edit: the replacing message.
    var messageID: ID?
    var reason: String?
    /// For an edit: see ``JSONPatch``.
    var diff: JSONText?

    /// Without the changes of payloads, for readers who must not see them.
    var withoutPayload: HistoryEntry {
        var entry = self
        entry.diff = nil
        return entry
    }

    /// The output of `dead show`.
    func json() throws -> [UInt8] {
        var object = JSONObject()
        try object.add("at", self.at)
        try object.add("actor", self.actor)
        try object.add("act", self.act)
        if let messageID { try object.add("message_id", messageID) }
        try object.add("reason", self.reason)
        object.add("diff", json: self.diff?.bytes)
        return object.bytes
    }
}

/// A failed attempt at a message.
struct FailedAttempt: Sendable {
    var at: Date
    /// From 1.
    var attempt: Int
    /// The time of the retry; nil if there was none.
    var nextAt: Date?
    var errorType: String
    var error: String
}
