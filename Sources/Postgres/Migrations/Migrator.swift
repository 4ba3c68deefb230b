/// Applies migrations to a database, and tells whether they are applied.
public struct Migrator: Sendable {
    private let pool: PostgresPool

    /// For the database of `pool`; applying needs the role that owns the schema.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Applies what is not applied yet, all in one transaction, one process at a time.
    ///
    /// - Returns: the names of those that were applied now.
    @discardableResult
    public func apply(_ migrations: [Migration]) async throws(MigrationError) -> [String] { fatalError("unfinished") }

    /// What the database knows of `migrations`, in order, and of others.
    public func status(_ migrations: [Migration]) async throws(MigrationError) -> [MigrationStatus] { fatalError("unfinished") }

    /// Passes if all of `migrations` are applied as they are; a newer program may have applied more. For services at their start.
    public func assertCurrent(_ migrations: [Migration]) async throws(MigrationError) { fatalError("unfinished") }
}

/// Why migrations were not applied, or are not current.
public enum MigrationError: Error, Sendable {
    /// The names do not sort in the order of the list.
    case unordered(String)
    /// Listed, not applied yet.
    case pending([String])
    /// An applied file's text was changed.
    case changed(String)
    /// Applied in another order than listed: this one comes before one that is already applied.
    case outOfOrder(String)
    /// Applied by a newer program.
    case unknown(String)
    /// The file's SQL failed.
    case failed(String, PostgresError)
    /// The database could not be asked.
    case database(PostgresError)
}
