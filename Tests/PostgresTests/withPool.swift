import Fixtures
import Logging
import Postgres
import Testing

/// A pool for a server or a database that the test names; closed at the end.
func withPool<Result: Sendable>(
    size: Int = 2, url: String, statementTimeout: Duration? = .seconds(20), acquireTimeout: Duration = .seconds(5),
    _ body: (PostgresPool) async throws -> Result
) async throws -> Result {
    let pool = try PostgresPool(
        url: url, size: size, applicationName: "tests", statementTimeout: statementTimeout, acquireTimeout: acquireTimeout, logger: .silent)
    do {
        let result = try await body(pool)
        await pool.close()
        return result
    } catch {
        await pool.close()
        throw error
    }
}

/// A pool for a new, empty database.
func withPool<Result: Sendable>(
    size: Int = 2, statementTimeout: Duration? = .seconds(20), acquireTimeout: Duration = .seconds(5),
    _ body: (PostgresPool, TestDatabase) async throws -> Result
) async throws -> Result {
    try await withDatabase(migrations: []) { database in
        try await withPool(size: size, url: database.url, statementTimeout: statementTimeout, acquireTimeout: acquireTimeout) { pool in
            try await body(pool, database)
        }
    }
}

/// A pool for a new, empty database.
func withPool<Result: Sendable>(
    size: Int = 2, statementTimeout: Duration? = .seconds(20), acquireTimeout: Duration = .seconds(5),
    _ body: (PostgresPool) async throws -> Result
) async throws -> Result {
    try await withPool(size: size, statementTimeout: statementTimeout, acquireTimeout: acquireTimeout) { pool, _ in try await body(pool) }
}

/// The error of a call that must throw.
func postgresError<Result>(_ body: () async throws -> Result, sourceLocation: SourceLocation = #_sourceLocation) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    throw FixtureError("no error at \(sourceLocation)")
}
