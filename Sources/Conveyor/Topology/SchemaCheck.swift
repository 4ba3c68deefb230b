import Postgres

/// Checks the database's schema before the worker takes a message, since with a wrong one every message would fail.
struct SchemaCheck: Sendable {
    let pool: PostgresPool
    let migrations: [Migration]
    var ledger = Migrator.Ledger.application

    /// Waits for the database, then compares its migrations with this program's. Newer ones are fine: during an upgrade the old program goes on.
    /// - Throws: `Unavailable` if the database is unreachable for `timeout`, `SettingError` if migrations are missing or were changed.
    func verify(timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        var backoff = Backoff()
        while true {
            do throws(MigrationError) {
                return try await Migrator(pool: self.pool, ledger: self.ledger).assertCurrent(self.migrations)
            } catch {
                guard case .database(let reason) = error else {
                    throw SettingError(
                        name: "database", reason: "is older than this worker: \(error); run `conveyor migrate`")
                }
                guard reason.isAway || reason.isHeldUp, ContinuousClock.now < deadline else { throw Unavailable("database: \(reason)") }
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}
