import Foundation
import Synchronization

/// The Erlang machine of one private RabbitMQ, and all that it needs.
///
/// Everything that it starts carries a mark in its environment. `ops/lib/reaper` holds the other end of a pipe that only the test
/// process has; when that ends, the reaper ends whatever carries the mark, and removes the folder.
final class BrokerProcess: Sendable {
    struct Ports {
        let amqp: Int
        let tls: Int
        let management: Int
        let distribution: Int
        let epmd: Int
    }

    let ports: Ports
    let hasTLS: Bool
    let user = "test"
    let password = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private let node = "test-\(UInt32.random(in: 0...UInt32.max))@localhost"
    private let cookie = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private let mark = "CONVEYOR_TEST_BROKER=\(UInt64.random(in: 0...UInt64.max))"
    private let folder: URL
    private let reaper: Process
    private let lifeline: Pipe
    private let machine = Mutex<Process?>(nil)

    init(certificates: BrokerCertificates?, settings: [String], advanced: [String]) throws {
        let ports = try Port.free(5)
        self.ports = Ports(amqp: ports[0], tls: ports[1], management: ports[2], distribution: ports[3], epmd: ports[4])
        self.hasTLS = certificates != nil
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("broker-\(self.node.prefix { $0 != "@" })")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)

        self.lifeline = Pipe()
        self.reaper = Process()
        self.reaper.executableURL = Self.repository.appendingPathComponent("ops/lib/reaper")
        self.reaper.arguments = [self.mark, self.folder.path]
        self.reaper.standardInput = self.lifeline
        try self.reaper.run()

        var lines = [
            "listeners.tcp.1 = 127.0.0.1:\(self.ports.amqp)",
            "management.tcp.ip = 127.0.0.1",
            "management.tcp.port = \(self.ports.management)",
            "management.rates_mode = basic",
            "default_user = \(self.user)",
            "default_pass = \(self.password)",
            "default_user_tags.administrator = true",
            "disk_free_limit.absolute = 50MB",
            "raft.wal_max_size_bytes = 64000000",
            "log.console = true",
            "log.file = false",
        ]
        if let certificates {
            lines += [
                "listeners.ssl.1 = 127.0.0.1:\(self.ports.tls)",
                "ssl_options.cacertfile = \(certificates.authority)",
                "ssl_options.certfile = \(certificates.certificate)",
                "ssl_options.keyfile = \(certificates.key)",
                "ssl_options.verify = verify_none",
            ]
        }
        try self.write((lines + settings).joined(separator: "\n"), to: "rabbitmq.conf")
        // A dead letter whose queue is not there yet is tried again after three minutes otherwise.
        let terms = ["{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 1000}]}"] + advanced
        try self.write("[\(terms.joined(separator: ", "))].\n", to: "advanced.config")
        try self.write("[rabbitmq_management].\n", to: "enabled_plugins")
        try self.write(self.cookie, to: ".erlang.cookie")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o400], ofItemAtPath: self.folder.appendingPathComponent(".erlang.cookie").path)
    }

    private var process: Process? { self.machine.withLock(\.self) }

    var isRunning: Bool { self.process?.isRunning ?? false }

    /// The end of what it has written.
    var output: String {
        let text = try? Data(contentsOf: self.folder.appendingPathComponent("output"))
        return String(decoding: (text ?? Data()).suffix(4000), as: UTF8.self)
    }

    func launch() throws {
        guard !self.isRunning else { return }
        let output = self.folder.appendingPathComponent("output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/lib/rabbitmq/bin/rabbitmq-server")
        process.environment = self.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        try process.run()
        self.machine.withLock { $0 = process }
    }

    func signal(_ number: Int32) throws {
        guard let process, process.isRunning else { throw PrivateBroker.Failure(description: "RabbitMQ does not run") }
        kill(process.processIdentifier, number)
    }

    func end(_ number: Int32) async throws {
        guard let process, process.isRunning else { return }
        try self.signal(number)
        try await eventually("RabbitMQ to end", within: .seconds(30), every: .milliseconds(20)) { process.isRunning ? nil : true }
    }

    /// `erl_call` is a small C program; `rabbitmqctl` would start an Erlang machine of its own for a second.
    func evaluate(_ erlang: String) async throws -> String {
        try await Subprocess.run("/usr/bin/erl_call", ["-sname", self.node, "-c", self.cookie, "-e"], input: erlang, environment: self.environment)
    }

    private var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        let mark = self.mark.split(separator: "=")
        environment[String(mark[0])] = String(mark[1])
        environment["HOME"] = self.folder.path
        // The script then becomes the Erlang machine, instead of a shell that waits for it.
        environment["RABBITMQ_ALLOW_INPUT"] = "1"
        environment["RABBITMQ_NODENAME"] = self.node
        environment["RABBITMQ_DIST_PORT"] = "\(self.ports.distribution)"
        environment["ERL_EPMD_PORT"] = "\(self.ports.epmd)"
        environment["ERL_EPMD_ADDRESS"] = "127.0.0.1"
        environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+sbwt none -noinput -kernel inet_dist_use_interface {127,0,0,1}"
        environment["RABBITMQ_CONF_ENV_FILE"] = self.path("none")
        environment["RABBITMQ_CONFIG_FILE"] = self.path("rabbitmq.conf")
        environment["RABBITMQ_ADVANCED_CONFIG_FILE"] = self.path("advanced.config")
        environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = self.path("enabled_plugins")
        environment["RABBITMQ_GENERATED_CONFIG_DIR"] = self.path("generated")
        environment["RABBITMQ_SCHEMA_DIR"] = self.path("schema")
        environment["RABBITMQ_MNESIA_BASE"] = self.path("data")
        environment["RABBITMQ_LOG_BASE"] = self.path("log")
        environment["RABBITMQ_LOGS"] = "-"
        environment["RABBITMQ_PID_FILE"] = self.path("pid")
        return environment
    }

    private func path(_ name: String) -> String { self.folder.appendingPathComponent(name).path }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: self.folder.appendingPathComponent(name))
    }

    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
