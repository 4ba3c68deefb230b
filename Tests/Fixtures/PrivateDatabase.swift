import Foundation
import Logging
public import Postgres

/// A real Postgres 15 of our own: a data directory, a free port, loopback only; it ends with the test process, also when that crashes.
///
/// `TEST_DATABASE_URL` (a superuser's) makes ``shared()`` use that server instead.
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

    private static let sharedTask = Task { () async throws -> PrivateDatabase in
        guard let url = ProcessInfo.processInfo.environment["TEST_DATABASE_URL"] else { return try await PrivateDatabase.started() }
        let database = PrivateDatabase(external: url)
        try await database.dropLeftovers()
        return database
    }

    /// The one server that all tests of the process share; started at the first use, without fsync.
    public static func shared() async throws -> PrivateDatabase { try await self.sharedTask.value }

    /// A server of its own, for tests that stop or freeze one.
    ///
    /// - Parameter tls: whether it takes TLS connections too, with ``certificates``.
    public static func started(tls: Bool = false) async throws -> PrivateDatabase {
        let server = try await PostgresServer.create(tls: tls)
        try await server.start()
        return PrivateDatabase(server: server)
    }

    /// nil if the server is not ours.
    private let server: PostgresServer?
    private let superuserURL: String
    private var templates: [[Migration]: Task<String, any Error>] = [:]
    private var databaseCount = 0
    private var suspended: [pid_t] = []

    private init(server: PostgresServer) {
        self.server = server
        self.superuserURL = "postgresql://postgres@127.0.0.1:\(server.port)/postgres"
    }

    private init(external url: String) {
        self.server = nil
        self.superuserURL = url
    }

    /// For `sslrootcert`, if it was started with TLS.
    public nonisolated var certificates: Certificates? { self.server?.certificates }

    /// The port on 127.0.0.1, if the server is ours.
    public nonisolated var port: Int? { self.server?.port }

    /// A URL for a database of the server, by default the superuser's for `postgres`. Any role may log in without a password.
    public nonisolated func url(database: String = "postgres", user: String? = nil) -> String {
        var components = URLComponents(string: self.superuserURL) ?? URLComponents()
        components.path = "/\(database)"
        if let user {
            components.user = user
            components.password = nil
        }
        return components.string ?? self.superuserURL
    }

    /// A new database, copied from a template that has `migrations` applied once a run; its superuser URL.
    ///
    /// The roles that the migrations make may log in.
    public func createDatabase(migrations: [Migration] = []) async throws -> String {
        let template = try await self.template(migrations)
        let name = self.newName()
        try await self.psql("CREATE DATABASE \(name) TEMPLATE \(template)")
        return self.url(database: name)
    }

    private func template(_ migrations: [Migration]) async throws -> String {
        if migrations.isEmpty { return "template0" }
        if let task = self.templates[migrations] { return try await task.value }
        let name = self.newName()
        let task = Task {
            try await self.psql("CREATE DATABASE \(name) TEMPLATE template0")
            let pool = try PostgresPool(
                url: self.url(database: name), size: 1, applicationName: "fixtures", statementTimeout: nil, logger: .silent)
            do {
                try await Migrator(pool: pool).apply(migrations)
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
            try await self.psql(
                """
                DO $$ DECLARE role text; BEGIN
                    FOR role IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'conveyor\\_%' AND NOT rolcanlogin LOOP
                        EXECUTE format('ALTER ROLE %I LOGIN', role);
                    END LOOP;
                END $$
                """)
            // A template must have no connections; that of the migrator may still be ending.
            try await self.terminateBackends(database: name)
            return name
        }
        self.templates[migrations] = task
        return try await task.value
    }

    private func newName() -> String {
        self.databaseCount += 1
        return "conveyor_test_\(getpid())_\(self.databaseCount)"
    }

    /// On a server that is not ours: databases of test processes that are gone.
    private func dropLeftovers() async throws {
        for row in try await self.psql("SELECT datname FROM pg_database WHERE datname LIKE 'conveyor\\_test\\_%'") {
            guard let name = row[0], let pid = pid_t(name.split(separator: "_")[2]), kill(pid, 0) != 0 else { continue }
            try await self.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        }
    }

    /// One-shot SQL by `psql`, so by another client than the one under test: the rows as text, NULL as nil.
    @discardableResult
    public nonisolated func psql(_ sql: String, url: String? = nil) async throws -> [[String?]] {
        let output = try await Command.run(
            "/usr/bin/psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", "\u{1F}", "-R", "\u{1E}", "-P", "null=\u{1D}", "-f", "-", url ?? self.url()],
            input: sql)
        // The last record ends with a line break; nothing at all is no record.
        guard output != "" else { return [] }
        let records = output.dropLast().split(separator: "\u{1E}", omittingEmptySubsequences: false)
        return records.map { record -> [String?] in
            record.split(separator: "\u{1F}", omittingEmptySubsequences: false).map { $0 == "\u{1D}" ? nil : String($0) }
        }
    }

    /// Ends all connections to a database, as an administrator would.
    public nonisolated func terminateBackends(database: String) async throws {
        try await self.psql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '\(database)' AND pid <> pg_backend_pid()")
    }

    /// Starts a server that was stopped.
    public func start() async throws { try await self.ownServer().start() }

    /// Stops the server.
    public func stop(_ mode: StopMode = .fast) async throws { try await self.ownServer().stop(mode.rawValue) }

    /// Stops and starts the server.
    public func restart(_ mode: StopMode = .fast) async throws {
        try await self.stop(mode)
        try await self.start()
    }

    /// SIGSTOP to the postmaster and all its children: the server accepts connections (the kernel does) and says nothing.
    public func suspend() throws {
        self.suspended = try self.ownServer().processes()
        for pid in self.suspended { kill(pid, SIGSTOP) }
    }

    /// SIGCONT to all that were suspended.
    public func resume() {
        for pid in self.suspended { kill(pid, SIGCONT) }
        self.suspended = []
    }

    private func ownServer() throws -> PostgresServer {
        guard let server else { throw Command.Failure(description: "only a private server can be stopped, not that of TEST_DATABASE_URL") }
        return server
    }
}

extension Logger {
    /// Says nothing.
    static var silent: Logger { Logger(label: "fixtures") { _ in SwiftLogNoOpLogHandler() } }
}
