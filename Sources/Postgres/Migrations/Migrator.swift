/// Applies migrations to a database and reports their status.
///
/// All pending migrations are applied in one transaction, under an advisory lock on which other migrators wait: either all take effect or
/// none does. A ``Ledger``, e.g. `schema_migrations(name, checksum, applied_at)`, records them; every role may read it.
public struct Migrator: Sendable {
    /// The key of the lock: the bytes of "conveyor".
    private static let lock: Int64 = 0x636F_6E76_6579_6F72

    /// The table that records applied migrations. Each ledger has its own list, in its own order.
    public enum Ledger: String, Sendable {
        /// The application's migrations.
        case application = "schema_migrations"
        /// The migrations of Conveyor's own tables, in an application that does not define them itself.
        case machinery = "conveyor_migrations"
        /// The migrations of the tables of the operators' command line and console, likewise.
        case operation = "conveyor_operation_migrations"
    }

    private let pool: PostgresPool
    private let ledger: Ledger

    /// For the database of `pool`; applying needs the role that owns the schema.
    public init(pool: PostgresPool, ledger: Ledger = .application) {
        self.pool = pool
        self.ledger = ledger
    }

    /// Applies the pending migrations.
    ///
    /// - Returns: the names of the migrations that this call applied.
    /// - Throws: without a change to the database: when an applied file was changed, the order differs, a newer version was here, or the SQL of a
    ///   file fails.
    @discardableResult
    public func apply(_ migrations: [Migration]) async throws(MigrationError) -> [String] {
        try MigrationLedger.checkOrder(migrations)
        do {
            return try await self.pool.withConnection { connection in try await self.apply(migrations, on: connection) }
        } catch let error as MigrationError {
            throw error
        } catch {
            throw .database(error as? PostgresError ?? PostgresError(.cancelled, "\(error)"))
        }
    }

    /// The status of `migrations`, in order, and of migrations that are applied but not listed.
    public func status(_ migrations: [Migration]) async throws(MigrationError) -> [MigrationStatus] {
        do throws(PostgresError) {
            return try await self.recorded().status(of: migrations)
        } catch {
            throw .database(error)
        }
    }

    /// Passes if all of `migrations` are applied unchanged; services call it at their start. More may be applied: during a deployment the old
    /// version still runs.
    ///
    /// - Throws: `pending`, `changed`, `database`
    public func assertCurrent(_ migrations: [Migration]) async throws(MigrationError) {
        let statuses = try await self.status(migrations)
        if let changed = statuses.first(where: { $0.state == .changed }) { throw .changed(changed.name) }
        let pending = statuses.filter { $0.state == .pending }.map(\.name)
        if !pending.isEmpty { throw .pending(pending) }
    }

    private func apply(_ migrations: [Migration], on connection: PostgresConnection) async throws -> [String] {
        // A long migration, or a long wait for another migrator, must not time out.
        try await connection.script("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        try await connection.script("SELECT pg_advisory_xact_lock(\(Self.lock))")
        try await connection.script(
            """
            CREATE TABLE IF NOT EXISTS \(self.ledger.rawValue) (
                name text PRIMARY KEY,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            GRANT SELECT ON \(self.ledger.rawValue) TO PUBLIC
            """)
        let rows = try await connection.query(self.selectApplied)
        let pending = try MigrationLedger(applied: rows.decode((String, String).self)).pending(of: migrations)
        for migration in pending {
            do throws(PostgresError) {
                try await connection.script(migration.sql)
            } catch {
                throw MigrationError.failed(migration.name, error)
            }
            guard connection.status == .open else { throw MigrationError.endsTransaction(migration.name) }
            try await connection.query(
                Statement("INSERT INTO \(self.ledger.rawValue) (name, checksum) VALUES ($1, $2)"), migration.name, migration.checksum)
        }
        try await connection.query("COMMIT")
        return pending.map(\.name)
    }

    private func recorded() async throws(PostgresError) -> MigrationLedger {
        do throws(PostgresError) {
            return MigrationLedger(applied: try await self.pool.query(self.selectApplied).decode((String, String).self))
        } catch {
            // The database was never migrated.
            guard error.sqlState == .undefinedTable else { throw error }
            return MigrationLedger(applied: [])
        }
    }

    private var selectApplied: Statement { Statement(#"SELECT name, checksum FROM \#(self.ledger.rawValue) ORDER BY name COLLATE "C""#) }
}
