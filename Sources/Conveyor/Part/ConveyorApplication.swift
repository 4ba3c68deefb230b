public import Postgres

/// An application's definitions for Conveyor: the same value in each of its processes.
///
///     extension ConveyorApplication {
///         static let shop = ConveyorApplication(topology: …, migrations: …, settings: …)
///     }
public struct ConveyorApplication: Sendable {
    /// Its exchanges, queues, bindings and policies, with the standard retry schedule.
    public var topology: Definitions
    /// The migrations of its database, in order.
    public var migrations: [Migration]
    /// Its settings beside ``Setting/machinery``. One with the same name replaces Conveyor's.
    public var settings: [Setting]
    /// Refuses unsafe settings: weak secrets, open connections.
    public var checkSettings: @Sendable (Settings) throws(SettingError) -> Void
    /// The subject of a message by its type, its ``Envelope/originalID`` and its body: for logs, traces and the history of failed attempts.
    public var subject: @Sendable (_ type: String, _ messageID: ID, _ body: [UInt8]) -> Subject?

    /// An application with these definitions.
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

    /// The subject of a message.
    func subject(of envelope: Envelope, _ body: [UInt8]) -> Subject? { self.subject(envelope.type, envelope.originalID, body) }

    /// All settings of its processes: Conveyor's, then its own.
    public var allSettings: [Setting] {
        let own = Dictionary(self.settings.map { ($0.name, $0) }) { $1 }
        let machinery = Setting.machinery
        let replaced = Set(machinery.map(\.name))
        return machinery.map { own[$0.name] ?? $0 } + self.settings.filter { !replaced.contains($0.name) }
    }
}
