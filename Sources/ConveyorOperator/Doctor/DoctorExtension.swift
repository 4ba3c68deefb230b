public import Conveyor
public import Postgres
public import Transfer

/// An application's additions to `doctor`.
public struct DoctorExtension: Sendable {
    /// The subjects of ``services``, in words, e.g. `Stripe, mail server`.
    public var subjects: [String] = []
    /// Settings that should be set, because a process of the application needs them.
    public var settings: [Setting] = []
    /// Refuses malformed settings.
    public var checkSettings: @Sendable (Settings) throws -> Void = { _ in }
    /// The roles that the database must have.
    public var roles: [String] = []
    /// The broker's users that may publish certain types only.
    public var publishers: [String] = []
    /// Checks the application's tables.
    public var database: @Sendable (PostgresPool) async throws -> [Diagnosis] = { _ in [] }
    /// Checks the services that the application needs beside database and broker.
    public var services: @Sendable (Settings, HTTPClient) async -> [Diagnosis] = { _, _ in [] }

    /// No additions.
    public init() {}
}
