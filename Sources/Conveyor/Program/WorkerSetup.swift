import Logging
import Postgres

/// Creates what a worker needs in the database and the broker.
struct WorkerSetup: Sendable {
    private let pool: PostgresPool
    private let settings: Settings
    private let application: ConveyorApplication
    private let logger: Logger

    init(_ part: WorkerPart, application: ConveyorApplication) {
        self.pool = part.pool
        self.settings = part.settings
        self.logger = part.logger
        self.application = application
    }

    /// Waits for both, up to `START_TIMEOUT`.
    /// - Throws: `Unavailable` if one is unreachable, `SettingError` if one refuses.
    func apply() async throws {
        let deadline = ContinuousClock.now + (try self.settings.seconds("START_TIMEOUT"))
        try await self.migrate(until: deadline)
        try await self.declare(until: deadline)
    }

    private func migrate(until deadline: ContinuousClock.Instant) async throws {
        var backoff = Backoff()
        while true {
            do throws(MigrationError) {
                var applied = try await Migrator(pool: self.pool, ledger: .machinery).apply(Migration.machinery)
                applied += try await Migrator(pool: self.pool).apply(self.application.migrations)
                if !applied.isEmpty { self.logger.notice("migrated", metadata: ["applied": .string(applied.joined(separator: ", "))]) }
                return
            } catch {
                guard case .database(let reason) = error, reason.isAway || reason.isHeldUp else {
                    throw SettingError(name: "database", reason: "cannot be brought up to date: \(error)")
                }
                guard ContinuousClock.now < deadline else { throw Unavailable("database: \(reason)") }
            }
            try await Task.sleep(for: backoff.next())
        }
    }

    private func declare(until deadline: ContinuousClock.Instant) async throws {
        let api = try ManagementAPI(self.settings)
        let definitions = self.application.topology.with(try RetryLadder(self.settings))
        var backoff = Backoff()
        while true {
            do throws(ManagementAPI.Refused) {
                try await api.apply(definitions)
                return
            } catch {
                guard error.status == 0 || error.status >= 500 else {
                    throw SettingError(name: "RABBITMQ_API", reason: "refuses the topology: \(error)")
                }
                guard ContinuousClock.now < deadline else { throw Unavailable("broker's management API: \(error)") }
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}
