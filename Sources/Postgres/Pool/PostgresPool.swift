public import Logging
public import ServiceLifecycle

/// A few connections to one database, each on a thread of its own.
public final class PostgresPool: Sendable, Service {
    /// Connections by what they do, and calls that wait for one.
    public struct Counts: Sendable, Hashable {
        /// Open and free.
        public var idle = 0
        /// Lent.
        public var used = 0
        /// Being opened.
        public var connecting = 0
        /// Callers that wait for a connection.
        public var waiting = 0
    }

    /// A pool of up to `size` connections; nothing is opened before the first call or ``run()``.
    ///
    /// - Parameters:
    ///   - url: a libpq URI or conninfo; several hosts, TLS and `options` as libpq has them.
    ///   - applicationName: as the server's views show it, unless the URL has one.
    ///   - statementTimeout: after which the server gives a statement up; a little later the client gives the server up.
    /// - Throws: `invalidURL`.
    public init(url: String, size: Int, applicationName: String, statementTimeout: Duration?, logger: Logger) throws(PostgresError) {
        fatalError("unfinished")
    }

    /// Opens all connections and keeps them open, with backoff and jitter, until graceful shutdown; then closes them.
    public func run() async throws { fatalError("unfinished") }

    /// Closes idle connections at once and lent ones when they come back; later calls throw `closed`.
    public func close() async { fatalError("unfinished") }

    /// Whether a connection is open.
    public var isReachable: Bool { fatalError("unfinished") }

    /// What the connections do at this moment.
    public var counts: Counts { fatalError("unfinished") }

    /// Waits until a connection is open.
    ///
    /// - Throws: the last error of connecting when the time is up.
    public func waitUntilReachable(timeout: Duration) async throws(PostgresError) { fatalError("unfinished") }

    /// Runs one statement: autocommit, one round trip.
    @discardableResult
    public func query(
        _ statement: Statement, _ parameters: any PostgresEncodable..., timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        fatalError("unfinished")
    }

    /// Runs several statements in one round trip and one implicit transaction: all take effect or none.
    @discardableResult
    public func pipeline(_ calls: [Call], timeout: Duration? = nil) async throws(PostgresError) -> [Rows] { fatalError("unfinished") }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// - Parameter attempts: how often the body is run if it meets 40001 or 40P01; more than once only for a body without other effects.
    public nonisolated(nonsending) func transaction<R>(
        _ mode: TransactionMode = .readCommitted, attempts: Int = 1, _ body: nonisolated(nonsending) (Transaction) async throws -> R
    ) async throws -> R {
        fatalError("unfinished")
    }

    /// Lends a connection.
    public nonisolated(nonsending) func withConnection<R>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> R
    ) async throws -> R {
        fatalError("unfinished")
    }
}
