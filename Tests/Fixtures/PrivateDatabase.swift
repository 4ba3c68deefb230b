public import Postgres

/// A real Postgres 15 of our own: its own data directory, loopback only, a free port; it ends with the test process.
public actor PrivateDatabase {
    /// How a server is stopped (`pg_ctl stop -m`).
    public enum StopMode: String, Sendable {
        /// Waits for clients to leave.
        case smart
        /// Disconnects clients and shuts down cleanly.
        case fast
        /// As after a power cut: recovers at the next start.
        case immediate
    }

    /// The one server that all tests of the process share, started at the first use; without fsync.
    public static func shared() async throws -> PrivateDatabase { fatalError("unfinished") }

    /// A server of its own, for tests that stop or freeze it.
    public static func started(tls: Bool = false) async throws -> PrivateDatabase { fatalError("unfinished") }

    /// A URL of the superuser for a database, by default `postgres`.
    public nonisolated func url(database: String = "postgres", user: String? = nil) -> String { fatalError("unfinished") }

    /// A new database that has `migrations` applied (copied from a template that is migrated once a run); its superuser URL.
    public func createDatabase(migrations: [Migration] = []) async throws -> String { fatalError("unfinished") }

    /// One-shot SQL, for tests: the rows as text, NULL as nil.
    @discardableResult
    public nonisolated func psql(_ sql: String, url: String? = nil) async throws -> [[String?]] { fatalError("unfinished") }

    /// Starts a server that was stopped.
    public func start() async throws { fatalError("unfinished") }
    /// Stops the server.
    public func stop(_ mode: StopMode = .fast) async throws { fatalError("unfinished") }
    /// Stops and starts the server.
    public func restart(_ mode: StopMode = .fast) async throws { fatalError("unfinished") }
    /// SIGSTOP to the postmaster and all its children.
    public func suspend() async throws { fatalError("unfinished") }
    /// SIGCONT to all that were suspended.
    public func resume() async throws { fatalError("unfinished") }
    /// Ends all connections to a database, as an administrator would.
    public func terminateBackends(database: String) async throws { fatalError("unfinished") }
}
