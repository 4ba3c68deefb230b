import Conveyor
import FoundationEssentials
import Postgres

/// The status of a dead letter.
enum DeadStatus: String, Codable, Sendable, CaseIterable, PostgresScalar {
    /// An operator must decide.
    case open
    /// Sent to its queue again, or replaced by an edited message.
    case replayed
    /// Not to be handled; the history contains the reason.
    case discarded
}

/// A message that could not be handled, from `dead_letters`, without its payload.
struct DeadLetter: Sendable, Encodable {
    var id: ID
    /// The work queue it belongs to.
    var queue: String
    var type: String
    var messageID: ID
    /// The operation.
    var correlationID: ID?
    /// See `ErrorType`.
    var errorType: String
    var error: String
    /// The same for all with the same cause.
    var group: String
    var attempts: Int
    var status: DeadStatus
    var firstFailedAt: Date
    var lastFailedAt: Date
    /// Its subject, if the application names one.
    var subject: Subject?
    /// The subject's member in JSON, e.g. `order_id`; nil if the application's messages have none.
    var subjectMember: String?
    /// The edited message that replaced it, if there is one.
    var replacedBy: ID?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: MemberName.self)
        try container.encode(self.id, forKey: "id")
        try container.encode(self.queue, forKey: "queue")
        try container.encode(self.type, forKey: "type")
        try container.encode(self.messageID, forKey: "message_id")
        // Null instead of absent, so that programs can rely on the key.
        try container.encode(self.correlationID, forKey: "correlation_id")
        try container.encode(self.errorType, forKey: "error_type")
        try container.encode(self.error, forKey: "error")
        try container.encode(self.group, forKey: "group")
        try container.encode(self.attempts, forKey: "attempts")
        try container.encode(self.status, forKey: "status")
        try container.encode(self.firstFailedAt, forKey: "first_failed_at")
        try container.encode(self.lastFailedAt, forKey: "last_failed_at")
        if let subjectMember { try container.encode(self.subject?.id, forKey: MemberName(subjectMember)) }
        try container.encode(self.replacedBy, forKey: "replaced_by")
    }
}

extension DeadLetter {
    /// The columns that ``init(_:of:)`` reads, in order.
    static let columns = """
        id, queue, type, message_id, correlation_id, error_type, error, "group", attempts, status, first_failed_at, last_failed_at,
        subject_type, subject_id, replaced_by
        """
    /// The number of ``columns``.
    static let columnCount = 15

    /// Reads the columns of ``columns``.
    init(_ row: Row, of application: OperatorApplication) throws(PostgresError) {
        self.id = try row[0]
        self.queue = try row[1]
        self.type = try row[2]
        self.messageID = try row[3]
        self.correlationID = try row[4]
        self.errorType = try row[5]
        self.error = try row[6]
        self.group = try row[7]
        self.attempts = Int(try row[8, as: Int32.self])
        self.status = try row[9]
        self.firstFailedAt = try row[10]
        self.lastFailedAt = try row[11]
        if let type = try row[12, as: String?.self], let id = try row[13, as: ID?.self] { self.subject = Subject(type: type, id: id) }
        self.subjectMember = application.subjectMember
        self.replacedBy = try row[14]
    }
}

/// Open dead letters with one cause.
struct DeadGroup: Sendable, Encodable {
    var group: String
    var queue: String
    var type: String
    var errorType: String
    var count: Int
    /// The first failure of any of them.
    var firstSeen: Date
    /// The last failure of any of them.
    var lastSeen: Date
    /// The newest of them.
    var example: ID
    /// The error of the newest.
    var error: String

    enum CodingKeys: String, CodingKey {
        case group, queue, type
        case errorType = "error_type"
        case count
        case firstSeen = "first_seen"
        case lastSeen = "last_seen"
        case example, error
    }
}
