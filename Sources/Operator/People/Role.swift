/// What somebody may do, each role all that the one before it may.
enum Role: String, Sendable, CaseIterable, Comparable {
    /// Sees everything but payloads.
    case viewer
    /// Acts on messages and queues, and sees payloads.
    case `operator`
    /// Manages people, too.
    case admin

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// Everything that not everybody may do. The one table of roles and acts: the command line and the console ask ``Principal/require(_:)``, which looks here.
enum Act: String, Sendable, CaseIterable {
    case seePayloads = "see payloads"
    case replay
    case discard
    case pause = "pause and resume queues"
    case skip = "skip messages"
    case send = "send messages"
    case runSchedules = "run, pause and resume schedules"
    /// What a frontend could do, too: import products, reconcile payments, clear caches.
    case operate = "change the shop"
    case managePeople = "manage people"
    /// Accounts of superusers, tokens, samples, migrations, the broker's topology.
    case administer

    /// The least role that may do it.
    var least: Role {
        switch self {
        case .seePayloads, .replay, .discard, .pause, .skip, .send, .runSchedules, .operate: .operator
        case .managePeople, .administer: .admin
        }
    }
}
