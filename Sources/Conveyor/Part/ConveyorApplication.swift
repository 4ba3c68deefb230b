public import Postgres

/// What an application tells the machinery about itself: the same value in each of its processes.
///
///     extension ConveyorApplication {
///         static let shop = ConveyorApplication(topology: …, migrations: …, settings: …)
///     }
public struct ConveyorApplication: Sendable {
    /// Its exchanges, queues, bindings and policies, with the standard retry ladder.
    public var topology: Definitions
    /// What its database is made of, in the order in which it is applied.
    public var migrations: [Migration]
    /// The settings that it declares beside ``Setting/machinery``. One of a name that the machinery has takes its place.
    public var settings: [Setting]
    /// Refuses settings that must not be started with: weak secrets, open doors.
    public var checkSettings: @Sendable (Settings) throws(SettingError) -> Void
    /// The thing that a message is about, by its type, its ``Envelope/originalID`` and its body: for logs, traces and the history of failed attempts.
    public var subject: @Sendable (_ type: String, _ messageID: ID, _ body: [UInt8]) -> Subject?

    /// An application of these parts.
    public init(
        topology: Definitions, migrations: [Migration] = [], settings: [Setting] = [],
        checkSettings: @escaping @Sendable (Settings) throws(SettingError) -> Void = { _ throws(SettingError) in },
        subject: @escaping @Sendable (_ type: String, _ messageID: ID, _ body: [UInt8]) -> Subject? = { _, _, _ in nil }
    ) {
        self.topology = topology
        self.migrations = migrations
        self.settings = settings
        self.checkSettings = checkSettings
        self.subject = subject
    }

    /// The thing that the message of an envelope is about.
    func subject(of envelope: Envelope, _ body: [UInt8]) -> Subject? { self.subject(envelope.type, envelope.originalID, body) }

    /// All settings that its processes may read: the machinery's, then its own.
    public var allSettings: [Setting] {
        let own = Dictionary(self.settings.map { ($0.name, $0) }) { $1 }
        let machinery = Setting.machinery
        let replaced = Set(machinery.map(\.name))
        return machinery.map { own[$0.name] ?? $0 } + self.settings.filter { !replaced.contains($0.name) }
    }
}
