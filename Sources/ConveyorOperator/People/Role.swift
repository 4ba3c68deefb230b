/// A person's role; each includes the previous one.
public enum Role: String, Sendable, CaseIterable, Comparable {
    /// Reads everything but payloads.
    case viewer
    /// Acts on messages and queues, and sees payloads.
    case `operator`
    /// Manages people, too.
    case admin

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// Whether a role allows less than another.
    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// A restricted action. The command line and the console use `Principal.require(_:)`, which compares its role with the person's.
///
/// An application adds its own: `extension Act { static let changeShop = Act("change the shop", least: .operator) }`
public struct Act: Sendable, Hashable {
    /// The verb phrase after "to", e.g. in a refusal.
    public let name: String
    /// The lowest role that may do it.
    public let least: Role

    /// An action for this role and those above it.
    public init(_ name: String, least: Role) {
        self.name = name
        self.least = least
    }

    /// Read payloads, which may be personal data.
    public static let seePayloads = Act("see payloads", least: .operator)
    /// Replay dead letters, edited or not.
    public static let replay = Act("replay", least: .operator)
    /// Discard dead letters.
    public static let discard = Act("discard", least: .operator)
    /// Pause and resume queues.
    public static let pause = Act("pause and resume queues", least: .operator)
    /// Skip messages by rules.
    public static let skip = Act("skip messages", least: .operator)
    /// Send messages.
    public static let send = Act("send messages", least: .operator)
    /// Run, pause and resume schedules.
    public static let runSchedules = Act("run, pause and resume schedules", least: .operator)
    /// Manage the operators' accounts.
    public static let managePeople = Act("manage people", least: .admin)
    /// Migrate the database, apply the topology, and what an application adds.
    public static let administer = Act("administer", least: .admin)

    /// All actions of this module.
    static let all: [Act] = [
        .seePayloads, .replay, .discard, .pause, .skip, .send, .runSchedules, .managePeople, .administer,
    ]
}
