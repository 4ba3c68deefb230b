/// A person's role; each includes the previous one.
enum Role: String, Sendable, CaseIterable, Comparable {
    /// Reads everything but payloads.
    case viewer
    /// Acts on messages and queues, and sees payloads.
    case `operator`
    /// Manages people, too.
    case admin

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// All restricted actions. The only table of roles and actions: the command line and the console use ``Principal/require(_:)``, which reads it.
enum Act: String, Sendable, CaseIterable {
    case seePayloads = "see payloads"
    case replay
    case discard
    case pause = "pause and resume queues"
    case skip = "skip messages"
    case send = "send messages"
    case runSchedules = "run, pause and resume schedules"
    /// Actions that a frontend could also do: import products, reconcile payments, clear caches.
    case operate = "change the shop"
    case managePeople = "manage people"
    /// Accounts of superusers, tokens, samples, migrations, the broker's topology.
    case administer

    /// The lowest role that may do it.
    var least: Role {
        switch self {
        case .seePayloads, .replay, .discard, .pause, .skip, .send, .runSchedules, .operate: .operator
        case .managePeople, .administer: .admin
        }
    }
}
