import FoundationEssentials
import RabbitMQ
public import Transfer

/// The broker's management API (rabbitmq.com/docs/management), for everything that AMQP can neither report nor change.
public struct ManagementAPI: Sendable {
    private let base: String
    private let authorization: String
    let vhost: String
    private let client: HTTPClient

    /// A refusal of the management API, or a failure to reach it.
    public struct Refused: Error, Sendable, CustomStringConvertible {
        /// The HTTP status; 0 without an answer.
        public var status: Int
        /// The request and the answer, without credentials.
        public var description: String
    }

    /// - Parameters:
    ///   - url: `http://user:password@host:port`, from `RABBITMQ_API`.
    ///   - vhost: the virtual host in `AMQP_URL`.
    /// - Throws: `SettingError` if the URL is malformed.
    public init(url: String, vhost: String, client: HTTPClient) throws(SettingError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["http", "https"].contains(scheme), let host = parts.host,
            let user = parts.user, let password = parts.password
        else { throw SettingError(name: "RABBITMQ_API", reason: "must be a URL like http://host:15672, with user and password") }
        self.base = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
        self.authorization = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        self.vhost = Self.escaped(vhost)
        self.client = client
    }

    /// The API at `RABBITMQ_API`, for the virtual host in the broker's URL.
    public init(_ settings: Settings) throws {
        let node = try BrokerConfiguration(urls: settings.brokerURLs(), connectionName: "")
        try self.init(
            url: settings.require("RABBITMQ_API"), vhost: node.nodes[0].virtualHost,
            client: HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE")))
    }

    /// Percent-encodes all but RFC 3986's unreserved characters: a virtual host is often `/`.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default: escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }

    private func send(_ method: HTTPMethod, _ path: String, body: [UInt8]? = nil) async throws(Refused) -> [UInt8] {
        try await self.respond(method, path, body: body).body
    }

    func respond(_ method: HTTPMethod, _ path: String, body: [UInt8]? = nil) async throws(Refused) -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await self.client.send(
                HTTPRequest(
                    method, url: self.base + "/api" + path, headers: ["Authorization": self.authorization, "Content-Type": "application/json"],
                    body: body))
        } catch {
            throw Refused(status: 0, description: "\(method.rawValue) \(path): \(error)")
        }
        guard 200..<300 ~= response.status else {
            throw Refused(
                status: response.status,
                description: "\(method.rawValue) \(path): \(response.status) \(String(decoding: response.body.prefix(300), as: UTF8.self))")
        }
        return response
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ path: String) async throws(Refused) -> Value {
        let body = try await self.send(.get, path)
        do { return try JSON.decode(Value.self, from: body) } catch {
            throw Refused(status: 200, description: "GET \(path): an answer that is not understood: \(JSON.explain(error))")
        }
    }

    /// All declarations of the virtual host, and the effective policies. Needs the administrator tag.
    public func topology() async throws(Refused) -> BrokerTopology {
        BrokerTopology(
            definitions: try await self.decode(Definitions.self, "/definitions/\(self.vhost)"),
            queuePolicies: try await self.policiesInForce("queues"), exchangePolicies: try await self.policiesInForce("exchanges"),
            queueOperatorPolicies: try await self.operatorPoliciesInForce(),
            operatorPolicies: try await self.decode([Definitions.Policy].self, "/operator-policies/\(self.vhost)"))
    }

    /// By name: the broker reports effective policies with its statistics, seconds later; this is current.
    private func policiesInForce(_ kind: String) async throws(Refused) -> [String: String] {
        struct Matched: Decodable {
            var name: String
            var policy: String?
        }
        let all = try await self.decode([Matched].self, "/\(kind)/\(self.vhost)?disable_stats=true&columns=name,policy")
        return Dictionary(all.compactMap { matched in matched.policy.map { (matched.name, $0) } }) { first, _ in first }
    }

    /// By queue.
    private func operatorPoliciesInForce() async throws(Refused) -> [String: String] {
        struct Matched: Decodable {
            var name: String
            var policy: String?

            enum CodingKeys: String, CodingKey {
                case name
                case policy = "operator_policy"
            }
        }
        let all = try await self.decode([Matched].self, "/queues/\(self.vhost)?columns=name,operator_policy")
        return Dictionary(all.compactMap { matched in matched.policy.flatMap { $0.isEmpty ? nil : (matched.name, $0) } }) { first, _ in first }
    }

    /// Removes objects that are not in the topology.
    public func remove(_ surplus: TopologyDifference.Surplus) async throws(Refused) {
        switch surplus {
        case .policy(let name): _ = try await self.send(.delete, "/policies/\(self.vhost)/\(Self.escaped(name))")
        case .exchange(let name): _ = try await self.send(.delete, "/exchanges/\(self.vhost)/\(Self.escaped(name))")
        case .binding(let binding):
            struct Bound: Decodable {
                var routingKey: String
                var propertiesKey: String
                enum CodingKeys: String, CodingKey {
                    case routingKey = "routing_key"
                    case propertiesKey = "properties_key"
                }
            }
            let kind = binding.destinationType == "queue" ? "q" : "e"
            let path = "/bindings/\(self.vhost)/e/\(Self.escaped(binding.source))/\(kind)/\(Self.escaped(binding.destination))"
            for bound in try await self.decode([Bound].self, path) where bound.routingKey == binding.routingKey {
                _ = try await self.send(.delete, path + "/\(Self.escaped(bound.propertiesKey))")
            }
        }
    }

    /// Creates missing objects and updates policies; the broker refuses changes that are impossible.
    public func apply(_ definitions: Definitions) async throws(Refused) {
        for exchange in definitions.exchanges {
            _ = try await self.send(.put, "/exchanges/\(self.vhost)/\(Self.escaped(exchange.name))", body: try Self.body(exchange))
        }
        // Policies first: a queue must not accept a message before its policy is in effect.
        for policy in definitions.policies {
            _ = try await self.send(.put, "/policies/\(self.vhost)/\(Self.escaped(policy.name))", body: try Self.body(policy))
        }
        try await self.sideBySide(definitions.queues) { queue throws(Refused) in
            _ = try await self.send(.put, "/queues/\(self.vhost)/\(Self.escaped(queue.name))", body: try Self.body(queue))
        }
        try await self.sideBySide(definitions.bindings) { binding throws(Refused) in
            _ = try await self.send(
                .post, "/bindings/\(self.vhost)/e/\(Self.escaped(binding.source))/q/\(Self.escaped(binding.destination))",
                body: try Self.body(binding))
        }
    }

    /// Writes independent values, eight at a time: the broker spends most of each write waiting for its disk.
    private func sideBySide<Value: Sendable>(
        _ values: [Value], _ write: @escaping @Sendable (Value) async throws(Refused) -> Void
    ) async throws(Refused) {
        let refused = await withTaskGroup(of: Refused?.self) { group -> Refused? in
            for (index, value) in values.enumerated() {
                if index >= 8, let refused = await group.next() ?? nil { return refused }
                group.addTask {
                    do throws(Refused) {
                        try await write(value)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for await case let refused? in group { return refused }
            return nil
        }
        if let refused { throw refused }
    }

    /// Binds a queue to an exchange; nothing happens if it is bound already.
    public func bind(_ queue: String, to exchange: String, by key: String) async throws(Refused) {
        let binding = Definitions.Binding(source: exchange, destination: queue, destinationType: "queue", routingKey: key)
        _ = try await self.send(
            .post, "/bindings/\(self.vhost)/e/\(Self.escaped(exchange))/q/\(Self.escaped(queue))", body: try Self.body(binding))
    }

    /// Removes such a binding; nothing happens if there is none.
    public func unbind(_ queue: String, from exchange: String, by key: String) async throws(Refused) {
        try await self.remove(.binding(.init(source: exchange, destination: queue, destinationType: "queue", routingKey: key)))
    }

    private static func body(_ value: some Encodable) throws(Refused) -> [UInt8] {
        do { return try JSON.encode(value) } catch { throw Refused(status: 0, description: "not encoded: \(error)") }
    }

    /// A queue's current state.
    public struct QueueState: Decodable, Sendable {
        /// Its name.
        public var name: String
        /// `quorum`, `classic`, `stream`.
        public var type: String?
        /// Ready messages.
        public var ready: Int?
        /// Unacknowledged messages.
        public var unacked: Int?
        /// Consumers.
        public var consumers: Int?
        /// The effective policy definition; nil in the queue's first seconds.
        public var effectivePolicy: [String: Definitions.Value]?
        /// The members of its Raft group.
        public var members: [String]?
        /// Its online members.
        public var online: [String]?
        /// Counters and rates.
        public var statistics: Statistics?

        /// Rates of a queue, averaged by the broker over its sampling interval.
        public struct Statistics: Decodable, Sendable {
            /// A rate in messages per second.
            public struct Rate: Decodable, Sendable {
                /// Messages per second.
                public var rate: Double
            }
            /// Published to the queue.
            public var publish: Rate?
            /// Delivered to consumers, or fetched.
            public var deliver: Rate?
            /// Acknowledged since the broker started counting.
            public var acked: Int?

            enum CodingKeys: String, CodingKey {
                case publish = "publish_details"
                case deliver = "deliver_get_details"
                case acked = "ack"
            }
        }

        /// The limit of messages; nil if there is none.
        public var lengthLimit: Int? {
            if case .int(let limit)? = self.effectivePolicy?["max-length"] { limit } else { nil }
        }

        enum CodingKeys: String, CodingKey {
            case name, type
            case ready = "messages_ready"
            case unacked = "messages_unacknowledged"
            case consumers
            case effectivePolicy = "effective_policy_definition"
            case members, online
            case statistics = "message_stats"
        }
    }

    /// All queues of the virtual host.
    public func queues() async throws(Refused) -> [QueueState] { try await self.decode([QueueState].self, "/queues/\(self.vhost)") }

    /// One queue; nil if it does not exist.
    public func queue(_ name: String) async throws(Refused) -> QueueState? {
        do { return try await self.decode(QueueState.self, "/queues/\(self.vhost)/\(Self.escaped(name))") } catch {
            if error.status == 404 { return nil }
            throw error
        }
    }

    /// The effective policy of a queue: the matching one with the highest priority; nil if none matches.
    ///
    /// The broker reports a queue's effective policy with its statistics, seconds later; this is current.
    public func policy(of queue: String) async throws(Refused) -> Definitions.Policy? {
        guard let name = try await self.policiesInForce("queues")[queue] else { return nil }
        return try await self.decode([Definitions.Policy].self, "/policies/\(self.vhost)").first { $0.name == name }
    }

    /// The bindings of one queue, without the default exchange's.
    public func bindings(of queue: String) async throws(Refused) -> [Definitions.Binding] {
        try await self.decode([Definitions.Binding].self, "/queues/\(self.vhost)/\(Self.escaped(queue))/bindings").filter { !$0.source.isEmpty }
    }
}
