import Foundation

/// The processes and files of one private Postgres.
struct PostgresServer: Sendable {
    let port: Int
    let certificates: Certificates?
    private let folder: String
    /// Its end, with that of this process, is what the watchdog waits for.
    private let lifeline: FileHandle

    private static let programs = "/usr/lib/postgresql/15/bin"

    /// Makes a data directory, and a watchdog that ends the server and removes the directory when this process ends in whatever way.
    static func create(tls: Bool) async throws -> PostgresServer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("conveyor-postgres-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        let lifeline = try self.startWatchdog(folder)
        let certificates = tls ? try await Certificates.make(in: folder) : nil
        let server = PostgresServer(port: try self.freePort(), certificates: certificates, folder: folder, lifeline: lifeline)
        // Postgres refuses to run as root.
        if getuid() == 0 { try await Command.run("/usr/bin/chown", ["-R", "postgres", folder]) }
        try await server.run("initdb", ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        try server.writeConfiguration()
        return server
    }

    private func writeConfiguration() throws {
        var lines = [
            "listen_addresses = '127.0.0.1'", "port = \(self.port)", "unix_socket_directories = '\(self.folder)'",
            "fsync = off", "full_page_writes = off", "max_connections = 200", "shared_buffers = 64MB",
            // Tests wait for deadlocks and for processes that end.
            "deadlock_timeout = 100ms", "log_min_messages = fatal",
        ]
        if let certificates = self.certificates {
            lines += ["ssl = on", "ssl_cert_file = '\(certificates.certificate)'", "ssl_key_file = '\(certificates.key)'"]
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(self.folder)/data/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        try file.close()
    }

    /// Starts the server and waits until it takes connections.
    func start() async throws { try await self.run("pg_ctl", ["start", "-w", "-t", "60", "-l", "\(self.folder)/log"]) }

    /// - Parameter mode: `smart`, `fast` or `immediate`.
    func stop(_ mode: String) async throws { try await self.run("pg_ctl", ["stop", "-w", "-t", "60", "-m", mode]) }

    /// The postmaster and its children.
    func processes() throws -> [pid_t] {
        let file = try String(contentsOfFile: "\(self.folder)/data/postmaster.pid", encoding: .utf8)
        guard let postmaster = file.split(separator: "\n").first.flatMap({ pid_t($0) }) else { return [] }
        let children = try String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        return [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let command = ["\(Self.programs)/\(program)", "-D", "\(self.folder)/data"] + arguments
        let environment = ["LC_ALL": "C"]
        if getuid() == 0 {
            try await Command.run("/usr/sbin/runuser", ["-u", "postgres", "--"] + command, environment: environment)
        } else {
            try await Command.run(command[0], Array(command.dropFirst()), environment: environment)
        }
    }

    private static func startWatchdog(_ folder: String) throws -> FileHandle {
        let pipe = Pipe()
        let watchdog = Process()
        watchdog.executableURL = URL(fileURLWithPath: "/bin/sh")
        watchdog.arguments = ["-c", Self.watchdog, "watchdog", folder]
        watchdog.standardInput = pipe
        try watchdog.run()
        // No other program that tests start may hold it open.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        return pipe.fileHandleForWriting
    }

    /// Reads to the end of its standard input, which comes when this process is gone. Children that are stopped must be continued to end.
    private static let watchdog = """
        trap '' INT HUP TERM
        cat > /dev/null
        pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
        if [ -n "$pid" ]; then
            children=$(cat "/proc/$pid/task/$pid/children" 2> /dev/null)
            kill -QUIT "$pid" 2> /dev/null
            kill -CONT "$pid" $children 2> /dev/null
            for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2> /dev/null || break; sleep 0.2; done
            kill -KILL "$pid" $children 2> /dev/null
        fi
        rm -rf "$1"
        """

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard bound else { throw Command.Failure(description: "no free port on 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
