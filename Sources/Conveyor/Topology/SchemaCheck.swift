import Postgres

/// Whether the database has what the worker was built for: looked at before it takes a message, each of which would fail otherwise.
struct SchemaCheck: Sendable {
    let pool: PostgresPool
    let migrations: [Migration]
    var ledger = Migrator.Ledger.application

    /// Waits for the database, then compares its migrations with those of this program. It may have newer ones: during an upgrade the old program works on.
    /// - Throws: `Unavailable` if the database stays away for `timeout`, `SettingError` if migrations are missing or were changed.
    func verify(timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        var backoff = Backoff()
        while true {
            do throws(MigrationError) {
                return try await Migrator(pool: self.pool, ledger: self.ledger).assertCurrent(self.migrations)
            } catch {
                guard case .database(let reason) = error else {
                    throw SettingError(
                        name: "database", reason: "lacks what this worker was built for: \(error); `conveyor migrate` brings it up to date")
                }
                guard reason.isAway || reason.isHeldUp, ContinuousClock.now < deadline else { throw Unavailable("database: \(reason)") }
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}
