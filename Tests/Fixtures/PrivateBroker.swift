import Foundation
import RabbitMQ
import Transfer

/// A real RabbitMQ of our own, with its management API: free ports on the loopback, its own folder, node name and epmd. It ends with
/// the test process, however that ends.
public actor PrivateBroker {
    /// What a broker could not do.
    public struct Failure: Error, CustomStringConvertible {
        /// What went wrong.
        public let description: String
    }

    /// The port of plain AMQP.
    public nonisolated let amqpPort: Int
    /// The port of AMQP over TLS, if it was asked for.
    public nonisolated let tlsPort: Int?
    /// `http://user:password@host:port`, of an administrator.
    public nonisolated let apiURL: String
    nonisolated let management: ManagementAPI
    nonisolated let host: String
    nonisolated let login: String
    private let server: BrokerProcess?

    // MARK: Getting one

    /// The one broker that all tests of the process share, started at the first use; or the one of `TEST_AMQP_URL` and
    /// `TEST_RABBITMQ_API`. Nothing may stop, freeze or fill it: such tests start their own.
    public static func shared() async throws -> PrivateBroker { try await self.sharedBroker.value }

    private static let sharedBroker = Task {
        let environment = ProcessInfo.processInfo.environment
        if let url = environment["TEST_AMQP_URL"], let api = environment["TEST_RABBITMQ_API"] {
            return try PrivateBroker(existing: url, apiURL: api)
        }
        return try await PrivateBroker.started()
    }

    /// A broker of its own, for tests that stop, freeze or fill it.
    /// - Parameters:
    ///   - certificates: With these it serves TLS, too.
    ///   - settings: More lines for `rabbitmq.conf`.
    ///   - advanced: Erlang terms for `advanced.config`, such as `{rabbit, [{channel_tick_interval, 1000}]}`.
    public static func started(
        certificates: BrokerCertificates? = nil, settings: [String] = [], advanced: [String] = []
    ) async throws -> PrivateBroker {
        let broker = try PrivateBroker(
            server: BrokerProcess(certificates: certificates, settings: settings, advanced: advanced))
        try await broker.start()
        return broker
    }

    private init(server: BrokerProcess) throws {
        self.server = server
        self.host = "127.0.0.1"
        self.amqpPort = server.ports.amqp
        self.tlsPort = server.hasTLS ? server.ports.tls : nil
        self.login = "\(server.user):\(server.password)"
        self.apiURL = "http://\(self.login)@127.0.0.1:\(server.ports.management)"
        self.management = try ManagementAPI(url: self.apiURL)
    }

    private init(existing url: String, apiURL: String) throws {
        let node = try BrokerNode(url: url)
        self.server = nil
        self.host = node.host
        self.amqpPort = Int(node.port)
        self.tlsPort = nil
        self.login = String(url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "@" })
        self.apiURL = apiURL
        self.management = try ManagementAPI(url: apiURL)
    }

    // MARK: Its life

    private var ownServer: BrokerProcess {
        get throws {
            guard let server else { throw Failure(description: "the broker of TEST_AMQP_URL is not ours to stop") }
            return server
        }
    }

    /// Starts it, if it does not run, and waits until it takes connections.
    public func start() async throws {
        try self.ownServer.launch()
        try await self.waitUntilReady()
    }

    /// Stops it in good order (SIGTERM).
    public func stop() async throws { try await self.ownServer.end(SIGTERM) }

    /// Ends it like a power cut (SIGKILL).
    public func kill() async throws { try await self.ownServer.end(SIGKILL) }

    /// Stops and starts it.
    public func restart() async throws {
        try await self.stop()
        try await self.start()
    }

    /// Freezes it (SIGSTOP): connections stay open, and nothing answers.
    public func suspend() throws { try self.ownServer.signal(SIGSTOP) }

    /// Lets it go on.
    public func resume() throws { try self.ownServer.signal(SIGCONT) }

    /// Raises or clears the memory alarm, at which the broker blocks publishers.
    public func setMemoryAlarm(_ isOn: Bool) async throws {
        try await self.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(\(isOn ? "0.00001" : "0.6")), ok.")
    }

    /// Evaluates Erlang in the broker, and returns the value as text.
    @discardableResult
    public func evaluate(_ erlang: String) async throws -> String { try await self.ownServer.evaluate(erlang) }

    /// Closes all connections, or those of a virtual host, as an administrator would; waits until there is one to close.
    /// - Returns: How many were closed.
    @discardableResult
    public nonisolated func closeConnections(virtualHost: String? = nil) async throws -> Int {
        struct Connection: Decodable {
            let name: String
            let vhost: String?
        }
        // The management plugin learns of a connection a moment after its client.
        let connections = try await eventually("a connection to close") {
            let all = try await self.management.get("/api/connections", as: [Connection].self)
            let ours = all.filter { virtualHost == nil || $0.vhost == virtualHost }
            return ours.isEmpty ? nil : ours
        }
        for connection in connections { try await self.management.send("DELETE", "/api/connections/\(ManagementAPI.encode(connection.name))") }
        return connections.count
    }

    /// A new virtual host, in which nothing is declared.
    public nonisolated func newVirtualHost() async throws -> VirtualHost {
        let name = "test-\(UInt64.random(in: 0...UInt64.max))"
        try await self.management.send("PUT", "/api/vhosts/\(name)")
        let user = self.login.prefix { $0 != ":" }
        try await self.management.send(
            "PUT", "/api/permissions/\(name)/\(user)", body: #"{"configure":".*","write":".*","read":".*"}"#)
        return VirtualHost(name: name, broker: self)
    }

    private func waitUntilReady() async throws {
        let server = try self.ownServer
        do {
            try await eventually("RabbitMQ to start", within: .seconds(60), every: .milliseconds(50)) {
                guard server.isRunning else { throw Failure(description: "RabbitMQ has ended") }
                // The management plugin is started last, but listens a little before AMQP does.
                return try await self.management.isUp() && Port.accepts(self.amqpPort) ? true : nil
            }
        } catch {
            throw Failure(description: "\(error)\n\(server.output)")
        }
    }
}
