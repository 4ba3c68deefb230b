import Fixtures
import FoundationEssentials
import Logging
import Postgres
import Testing

/// A pool of connections to a database, by default a new one of the shared server; closed at the end.
func withPool<R: Sendable>(
    size: Int = 2, url: String? = nil, statementTimeout: Duration? = .seconds(20), acquireTimeout: Duration = .seconds(5),
    _ body: (PostgresPool) async throws -> R
) async throws -> R {
    let address = if let url { url } else { try await PrivateDatabase.shared().createDatabase() }
    let pool = try PostgresPool(
        url: address, size: size, applicationName: "tests", statementTimeout: statementTimeout, acquireTimeout: acquireTimeout,
        logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
    do {
        let result = try await body(pool)
        await pool.close()
        return result
    } catch {
        await pool.close()
        throw error
    }
}

/// The error of a call that must throw one.
func postgresError<R>(_ body: () async throws -> R, sourceLocation: SourceLocation = #_sourceLocation) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    throw NoError(at: sourceLocation)
}

struct NoError: Error {
    let at: SourceLocation
}

/// Waits for a condition that other processes bring about, at most ten seconds.
func eventually(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard .now < deadline else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
