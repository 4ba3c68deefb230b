import Conveyor
import FoundationEssentials
import Postgres

/// A bulk replay: its dead letters are fixed at its creation, and its progress is stored, so that it can be stopped, killed and resumed.
struct ReplayJob: Sendable, Encodable {
    enum Status: String, Codable, Sendable, PostgresScalar {
        /// A process is running it.
        case running
        /// By an operator, by a failed canary, or because its process ended.
        case stopped
        case done
    }

    /// The request.
    struct Selection: Sendable, Codable, Equatable {
        var filter: DeadLetterFilter?
        /// The number of dead letters named one by one.
        var ids: Int?
    }

    var id: ID
    var selection: Selection
    var total: Int
    /// Sent, or no longer open at their turn.
    var done: Int
    var left: Int
    /// Not sent, since they do not decode.
    var failed: Int
    /// Messages per second; nil: as fast as they are confirmed.
    var rate: Double?
    var canary: Int
    var status: Status
    var actor: String
    var at: Date
    var endedAt: Date?
    /// The reason for stopping.
    var note: String?

    enum CodingKeys: String, CodingKey {
        case id
        case selection = "filter"
        case total, done, left, failed, rate, canary, status
        case actor = "by"
        case at
        case endedAt = "ended_at"
        case note
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.id, forKey: .id)
        try container.encode(self.selection, forKey: .selection)
        try container.encode(self.total, forKey: .total)
        try container.encode(self.done, forKey: .done)
        try container.encode(self.left, forKey: .left)
        try container.encode(self.failed, forKey: .failed)
        try container.encode(self.rate, forKey: .rate)
        try container.encode(self.canary, forKey: .canary)
        try container.encode(self.status, forKey: .status)
        try container.encode(self.actor, forKey: .actor)
        try container.encode(self.at, forKey: .at)
        try container.encode(self.endedAt, forKey: .endedAt)
        try container.encode(self.note, forKey: .note)
    }
}
