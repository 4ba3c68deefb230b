import Conveyor
import FoundationEssentials
import Shop

/// Which dead letters; nil leaves a condition out.
struct DeadLetterFilter: Sendable, Codable, Equatable {
    var queue: String?
    var type: String?
    var group: String?
    var status: DeadStatus?
    /// That have failed since then.
    var since: Date?
    /// In the error, the type, the payload, or as one of its ids.
    var search: String?
    /// The reader may not see payloads, so the search does not look into them either.
    var hidesPayloads: Bool?

    /// All of them.
    static let all = DeadLetterFilter()
}

/// A place in a list of dead letters, which is ordered by their last failure, newest first.
struct DeadLetterCursor: Sendable, Codable, Equatable {
    var lastFailedAt: Date
    var id: ID

    /// Right behind a dead letter.
    init(after letter: DeadLetter) {
        self.lastFailedAt = letter.lastFailedAt
        self.id = letter.id
    }
}
