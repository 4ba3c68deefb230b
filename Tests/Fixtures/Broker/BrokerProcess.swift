import FoundationEssentials
import Glibc

/// The configuration of one private RabbitMQ and the Erlang machine that runs it.
final class BrokerProcess: Sendable {
    struct Ports: Sendable {
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
    private let folder: URL

    init(certificate: CertificateAuthority.Certificate?, settings: [String], advanced: [String]) throws {
        let ports = try Port.free(5)
        self.ports = Ports(amqp: ports[0], tls: ports[1], management: ports[2], distribution: ports[3], epmd: ports[4])
        self.hasTLS = certificate != nil
        self.folder = try Scratch.folder("broker")
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
        if let certificate {
            lines += [
                "listeners.ssl.1 = 127.0.0.1:\(self.ports.tls)",
                "ssl_options.certfile = \(certificate.file)",
                "ssl_options.keyfile = \(certificate.key)",
                "ssl_options.verify = verify_none",
            ]
        }
        try self.write((lines + settings).joined(separator: "\n"), to: "rabbitmq.conf")
        // By default a dead letter to a missing queue is retried after three minutes, and the management plugin sees a connection or a message
        // five seconds late.
        let terms =
            [
                "{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 1000}, {collect_statistics_interval, 500}]}"
            ] + advanced
        try self.write("[\(terms.joined(separator: ", "))].\n", to: "advanced.config")
        try self.write("[rabbitmq_management].\n", to: "enabled_plugins")
        try self.write(self.cookie, to: ".erlang.cookie")
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: self.path(".erlang.cookie"))
    }

    /// Starts it and waits until it accepts connections.
    func launch() async throws(FixtureError) -> ChildProcess {
        let process = try ChildProcess("/usr/lib/rabbitmq/bin/rabbitmq-server", ["-noinput"], environment: self.environment)
        try await process.waits(for: "Server startup complete", within: .seconds(90))
        return process
    }

    /// `erl_call` is a small C program; `rabbitmqctl` would start its own Erlang machine for a second.
    func evaluate(_ erlang: String) async throws(FixtureError) -> String {
        // Its own name: by default all are called c17, and a broker talks to one node per name at a time.
        let name = "asks-\(UInt64.random(in: 0...UInt64.max))"
        let answer = try await ChildProcess.run(
            "erl_call", ["-sname", self.node, "-h", name, "-c", self.cookie, "-e"], input: erlang + "\n", environment: self.environment)
        // `{ok, Value}`; the exit status is 0 even after an error.
        guard answer.hasPrefix("{ok, ") else { throw FixtureError("\(erlang) \(answer)") }
        return answer
    }

    /// Writes a program that evaluates Erlang as `rabbitmqctl eval` does.
    /// - Returns: its path.
    func control() throws -> String {
        let script = """
            #!/bin/sh
            export HOME='\(self.folder.path)' ERL_EPMD_PORT='\(self.ports.epmd)'
            printf '%s\\n' "$3" | exec erl_call -sname '\(self.node)' -h "asks-$$" -e

            """
        try self.write(script, to: "rabbitmqctl")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: self.path("rabbitmqctl"))
        return self.path("rabbitmqctl")
    }

    private var environment: [String: String?] {
        [
            "HOME": self.folder.path,
            // The script then becomes the Erlang machine, instead of a shell that waits for it.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": "\(self.ports.distribution)",
            "ERL_EPMD_PORT": "\(self.ports.epmd)",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": self.path("none"),
            "RABBITMQ_CONFIG_FILE": self.path("rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": self.path("advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.path("enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": self.path("generated"),
            "RABBITMQ_SCHEMA_DIR": self.path("schema"),
            "RABBITMQ_MNESIA_BASE": self.path("data"),
            "RABBITMQ_LOG_BASE": self.path("log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": self.path("pid"),
        ]
    }

    private func path(_ name: String) -> String { self.folder.appending(path: name).path }

    private func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: self.folder.appending(path: name)) }
}
