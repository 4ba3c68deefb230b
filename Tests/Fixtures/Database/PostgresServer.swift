import FoundationEssentials
import Glibc

/// The process and the files of a private Postgres.
final class PostgresServer: Sendable {
    let port: Int
    private let folder: URL
    private let data: String

    private static let programs = "/usr/lib/postgresql/15/bin"

    init(port: Int, folder: URL) {
        self.port = port
        self.folder = folder
        self.data = folder.appending(path: "data").path
    }

    /// Creates a data directory.
    static func create(certificate: CertificateAuthority.Certificate?) async throws -> PostgresServer {
        let server = PostgresServer(port: try Port.free(), folder: try Scratch.folder("postgres"))
        if let certificate {
            // Copies: Postgres requires a key that only its user can read.
            for (source, name) in [(certificate.file, "server.crt"), (certificate.key, "server.key")] {
                let copy = server.folder.appending(path: name)
                try FileManager.default.copyItem(at: URL(filePath: source), to: copy)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy.path)
            }
        }
        if getuid() == 0 { try await ChildProcess.run("chown", ["-R", "postgres:", server.folder.path]) }
        let initdb = Self.command(
            "initdb", ["-D", server.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"])
        try await ChildProcess.run(initdb[0], Array(initdb.dropFirst()))
        try server.writeConfiguration(hasTLS: certificate != nil)
        return server
    }

    private func writeConfiguration(hasTLS: Bool) throws {
        var lines = [
            "listen_addresses = '127.0.0.1'", "port = \(self.port)", "unix_socket_directories = ''",
            "fsync = off", "full_page_writes = off", "autovacuum = off", "max_connections = 300",
            "shared_buffers = 64MB", "max_wal_size = 256MB",
            // Tests wait for deadlocks.
            "deadlock_timeout = 100ms",
            // `log` shows the server's own messages, without the errors that tests provoke.
            "log_min_messages = log", "timezone = 'UTC'", "lc_messages = 'C.UTF-8'",
        ]
        if hasTLS {
            lines += ["ssl = on"] + [("cert", "crt"), ("key", "key")].map { "ssl_\($0.0)_file = '\(self.folder.path)/server.\($0.1)'" }
        }
        // In the folder, which belongs to Postgres' user; passed on the command line.
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: self.data + "/postgresql.auto.conf"))
    }

    /// Starts the server and waits until it accepts connections.
    func launch() async throws(FixtureError) -> ChildProcess {
        let command = Self.command("postgres", ["-D", self.data])
        let process = try ChildProcess(command[0], Array(command.dropFirst()), environment: ["LC_ALL": "C.UTF-8"])
        try await process.waits(for: "database system is ready to accept connections", within: .seconds(60))
        return process
    }

    /// Postgres refuses to run as root. `setpriv` replaces itself with the program, so its process is Postgres.
    private static func command(_ program: String, _ arguments: [String]) -> [String] {
        let user = getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : []
        return user + ["\(self.programs)/\(program)"] + arguments
    }
}
