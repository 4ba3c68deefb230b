import FoundationEssentials
import Glibc
public import Logging
public import Postgres
import Topology

/// A private Postgres 15: its own data directory, a free port, loopback only, no fsync; it ends with the test process, however that ends.
public actor PrivatePostgres {
    /// The ways to stop a server (`pg_ctl stop -m`).
    public enum StopMode: Sendable {
        /// Disconnects clients and shuts down cleanly.
        case fast
        /// Like a power cut: recovers at the next start.
        case immediate
    }

    private static let sharedServer = Task { try await PrivatePostgres.started() }

    /// The server that all tests of the process share, started at its first use. No test may stop or freeze it: such tests
    /// use ``withPrivatePostgres(certificate:isolation:_:)``.
    public static func shared() async throws -> PrivatePostgres { try await self.sharedServer.value }

    /// Starts one that the caller may stop and freeze; it ends with the test process.
    public static func started(certificate: CertificateAuthority.Certificate? = nil) async throws -> PrivatePostgres {
        let server = try await PostgresServer.create(certificate: certificate)
        return PrivatePostgres(server: server, process: try await server.launch())
    }

    private let server: PostgresServer
    private var process: ChildProcess
    private var templates: [[Migration]: Task<String, any Error>] = [:]
    private var databaseCount = 0
    private var suspended: [pid_t] = []

    private init(server: PostgresServer, process: ChildProcess) {
        self.server = server
        self.process = process
    }

    /// The port on 127.0.0.1.
    public nonisolated var port: Int { self.server.port }

    /// A URL for a database of the server, by default the superuser's for `postgres`. Any role may log in without a password.
    public nonisolated func url(database: String = "postgres", user: String = "postgres") -> String {
        "postgresql://\(user)@127.0.0.1:\(self.port)/\(database)"
    }

    // MARK: Databases

    /// A new database, copied from a template with `migrations`, which is made once per run. The roles of the migrations may log in.
    public func createDatabase(migrations: [Migration]) async throws -> TestDatabase {
        let template = try await self.template(migrations)
        let name = self.newName()
        try await self.psql("CREATE DATABASE \(name) TEMPLATE \(template)")
        return TestDatabase(name: name, server: self)
    }

    private func template(_ migrations: [Migration]) async throws -> String {
        if migrations.isEmpty { return "template0" }
        if let task = self.templates[migrations] { return try await task.value }
        let name = self.newName()
        let task = Task {
            try await self.psql("CREATE DATABASE \(name) TEMPLATE template0")
            let pool = try PostgresPool(url: self.url(database: name), size: 1, applicationName: "fixtures", statementTimeout: nil, logger: .silent)
            do {
                try await Migrator(pool: pool).apply(migrations)
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
            if migrations == .shop {
                // As `conveyor migrate` does.
                for worker in Topology.workers { try await self.psql("select make_worker_role('\(worker.name)')", url: self.url(database: name)) }
            }
            try await self.psql(
                """
                DO $$ DECLARE role text; BEGIN
                    FOR role IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'conveyor\\_%' AND NOT rolcanlogin LOOP
                        EXECUTE format('ALTER ROLE %I LOGIN', role);
                    END LOOP;
                END $$
                """)
            // A template must have no connections; the migrator's may still be closing.
            try await self.terminateBackends(database: name)
            return name
        }
        self.templates[migrations] = task
        return try await task.value
    }

    private func newName() -> String {
        self.databaseCount += 1
        return "test_\(self.databaseCount)"
    }

    /// Runs SQL with `psql`, so with another client than the one under test: the rows as text, NULL as nil.
    @discardableResult
    public nonisolated func psql(_ sql: String, url: String? = nil) async throws(FixtureError) -> [[String?]] {
        let output = try await ChildProcess.run(
            "psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", "\u{1F}", "-R", "\u{1E}", "-P", "null=\u{1D}", "-f", "-", url ?? self.url()],
            input: sql)
        // The last record ends with a line break; an empty output has no record.
        guard output != "" else { return [] }
        let records = output.dropLast().split(separator: "\u{1E}", omittingEmptySubsequences: false)
        return records.map { record -> [String?] in
            record.split(separator: "\u{1F}", omittingEmptySubsequences: false).map { $0 == "\u{1D}" ? nil : String($0) }
        }
    }

    /// Ends all connections to a database, as an administrator would.
    public nonisolated func terminateBackends(database: String) async throws(FixtureError) {
        try await self.psql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '\(database)' AND pid <> pg_backend_pid()")
    }

    // MARK: Lifetime

    /// Starts it again after ``stop(_:)``.
    public func start() async throws { self.process = try await self.server.launch() }

    /// Stops it.
    public func stop(_ mode: StopMode = .fast) async throws {
        self.process.signal(mode == .fast ? SIGINT : SIGQUIT)
        try await self.process.waitForExit(within: .seconds(60))
    }

    fileprivate func end() async throws {
        self.resume()
        try await self.stop(.immediate)
    }

    /// Stops and starts it.
    public func restart(_ mode: StopMode = .fast) async throws {
        try await self.stop(mode)
        try await self.start()
    }

    /// SIGSTOP to the postmaster and its children: the kernel still accepts connections, and the server does not answer.
    public func suspend() throws {
        let postmaster = self.process.pid
        let children = try String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        self.suspended = [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
        for pid in self.suspended { kill(pid, SIGSTOP) }
    }

    /// SIGCONT to all suspended processes.
    public func resume() {
        for pid in self.suspended { kill(pid, SIGCONT) }
        self.suspended = []
    }
}

extension Logger {
    /// Says nothing.
    public static var silent: Logger { Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() } }
}

/// A server for one test, which may stop or freeze it; deleted afterwards. At most two servers, brokers included, run at a time.
/// - Parameter certificate: enables TLS.
public func withPrivatePostgres<Result>(
    certificate: CertificateAuthority.Certificate? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: (PrivatePostgres) async throws -> Result
) async throws -> Result {
    try await Turns.ofServers.take {
        let server = try await PrivatePostgres.started(certificate: certificate)
        do {
            let result = try await body(server)
            try await server.end()
            return result
        } catch {
            try? await server.end()
            throw error
        }
    }
}
