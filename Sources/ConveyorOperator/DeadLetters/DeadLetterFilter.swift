import Conveyor
import FoundationEssentials

/// A filter of dead letters; nil omits a condition.
struct DeadLetterFilter: Sendable, Codable, Equatable {
    var queue: String?
    var type: String?
    var group: String?
    var status: DeadStatus?
    /// Failed since then.
    var since: Date?
    /// Contained in the error, the type or the payload, or one of its ids.
    var search: String?
    /// Whether the reader must not see payloads, so that the search does not read them either.
    var hidesPayloads: Bool?

    /// Matches all.
    static let all = DeadLetterFilter()
}

/// A position in a list of dead letters by their last failure, newest first.
struct DeadLetterCursor: Sendable, Codable, Equatable {
    var lastFailedAt: Date
    var id: ID

    /// The position after a dead letter.
    init(after letter: DeadLetter) {
        self.lastFailedAt = letter.lastFailedAt
        self.id = letter.id
    }
}
