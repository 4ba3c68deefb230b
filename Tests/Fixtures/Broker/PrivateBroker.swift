import Glibc

/// A private RabbitMQ with its management API: free ports on the loopback, its own folder, node name and epmd. It ends with the test
/// process, however that ends.
public actor PrivateBroker {
    private static let sharedBroker = Task { try await PrivateBroker.started() }

    /// The broker that all tests of the process share, started at its first use. No test may stop, freeze or fill it: such tests
    /// use ``withPrivateBroker(certificate:settings:advanced:isolation:_:)``.
    public static func shared() async throws -> PrivateBroker { try await self.sharedBroker.value }

    /// Starts one that the caller may stop, freeze and fill; it ends with the test process.
    public static func started(
        certificate: CertificateAuthority.Certificate? = nil, settings: [String] = [], advanced: [String] = []
    ) async throws -> PrivateBroker {
        let server = try BrokerProcess(certificate: certificate, settings: settings, advanced: advanced)
        return try PrivateBroker(server: server, process: try await server.launch())
    }

    /// The port of plain AMQP.
    public nonisolated let amqpPort: Int
    /// The port of AMQP over TLS, if it has a certificate.
    public nonisolated let tlsPort: Int?
    /// `http://user:password@host:port` of an administrator.
    public nonisolated let apiURL: String
    nonisolated let management: ManagementAPI
    nonisolated let login: String
    private let server: BrokerProcess
    private var process: ChildProcess

    private init(server: BrokerProcess, process: ChildProcess) throws {
        self.server = server
        self.process = process
        self.amqpPort = server.ports.amqp
        self.tlsPort = server.hasTLS ? server.ports.tls : nil
        self.login = "\(server.user):\(server.password)"
        self.apiURL = "http://\(self.login)@127.0.0.1:\(server.ports.management)"
        self.management = try ManagementAPI(url: self.apiURL)
    }

    /// The URL of plain AMQP, with credentials.
    public nonisolated func url(virtualHost: String) -> String { "amqp://\(self.login)@127.0.0.1:\(self.amqpPort)/\(virtualHost)" }

    /// Writes a program that evaluates Erlang as `rabbitmqctl eval` does.
    /// - Returns: its path.
    public nonisolated func control() throws -> String { try self.server.control() }

    // MARK: Lifetime

    /// Starts it after ``stop()`` or ``kill()``, and waits until it accepts connections.
    public func start() async throws { self.process = try await self.server.launch() }

    /// Stops it in good order (SIGTERM).
    public func stop() async throws {
        self.process.signal(SIGTERM)
        try await self.process.waitForExit(within: .seconds(60))
    }

    /// Ends it like a power cut (SIGKILL).
    public func kill() async throws { try await self.process.kill() }

    /// Waits until all declarations are on disk. RabbitMQ 3.10 writes the directory of its quorum queues half a second late: a younger queue
    /// is lost in a power failure.
    public func settle() async throws { try await self.evaluate("[ok = dets:sync(Table) || Table <- dets:all()], ok.") }

    /// Stops and starts it.
    public func restart() async throws {
        try await self.stop()
        try await self.start()
    }

    /// Freezes it (SIGSTOP): connections stay open without answers.
    public func suspend() { self.process.signal(SIGSTOP) }

    /// Resumes it.
    public func resume() { self.process.signal(SIGCONT) }

    /// Raises or clears the memory alarm, which blocks publishers, and waits for its effect.
    public func setMemoryAlarm(_ isOn: Bool) async throws {
        // The same as `rabbitmqctl set_vm_memory_high_watermark`; the monitor checks every second or two.
        try await self.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(\(isOn ? "0.00001" : "0.6")), ok.")
        try await eventually("the alarm is \(isOn ? "on" : "off")", every: .milliseconds(100)) {
            try await self.evaluate("rabbit_alarm:get_alarms().").contains("memory") == isOn
        }
    }

    /// Its output since the last start.
    public var output: String { self.process.output }

    /// Evaluates Erlang in the broker, and returns the value as text.
    @discardableResult
    public func evaluate(_ erlang: String) async throws -> String { try await self.server.evaluate(erlang) }

    // MARK: Content

    /// Closes all connections, or those of a virtual host, as an administrator would; first waits for the expected number.
    public nonisolated func closeConnections(virtualHost: String? = nil, atLeast count: Int = 1) async throws {
        struct Connection: Decodable {
            let name: String
            let vhost: String?
        }
        // The management plugin sees a connection a moment after its client.
        let connections = try await eventualValue("\(count) connections to close") {
            let ours = try await self.management.get("/api/connections", as: [Connection].self).filter {
                virtualHost == nil || $0.vhost == virtualHost
            }
            return ours.count >= count ? ours : nil
        }
        for connection in connections { try await self.management.send("DELETE", "/api/connections/\(ManagementAPI.encode(connection.name))") }
    }

    /// A new, empty virtual host.
    public nonisolated func newVirtualHost() async throws -> VirtualHost {
        let name = "test-\(UInt64.random(in: 0...UInt64.max))"
        try await self.management.send("PUT", "/api/vhosts/\(name)")
        let user = self.login.prefix { $0 != ":" }
        try await self.management.send("PUT", "/api/permissions/\(name)/\(user)", body: #"{"configure":".*","write":".*","read":".*"}"#)
        return VirtualHost(name: name, broker: self)
    }
}

/// A broker for one test, which may stop, freeze or fill it; deleted afterwards. At most two run at a time.
/// - Parameters:
///   - certificate: enables TLS.
///   - settings: more lines for `rabbitmq.conf`.
///   - advanced: Erlang terms for `advanced.config`, such as `{rabbit, [{channel_tick_interval, 1000}]}`.
public func withPrivateBroker<Result>(
    certificate: CertificateAuthority.Certificate? = nil, settings: [String] = [], advanced: [String] = [],
    isolation: isolated (any Actor)? = #isolation, _ body: (PrivateBroker) async throws -> Result
) async throws -> Result {
    try await Turns.ofServers.take {
        let broker = try await PrivateBroker.started(certificate: certificate, settings: settings, advanced: advanced)
        do {
            let result = try await body(broker)
            try await broker.kill()
            return result
        } catch {
            let output = await broker.output
            try? await broker.kill()
            throw FixtureError("\(error)\nThe broker's last words:\n\(output.suffix(4000))")
        }
    }
}
