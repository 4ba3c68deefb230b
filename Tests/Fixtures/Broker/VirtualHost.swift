import FoundationEssentials

/// A virtual host of a broker: a namespace in which a test may declare anything.
public struct VirtualHost: Sendable {
    /// Its name.
    public let name: String
    /// Its broker.
    public let broker: PrivateBroker

    /// The URL of plain AMQP, with credentials.
    public var amqpURL: String { self.broker.url(virtualHost: self.name) }

    /// The URL of AMQP over TLS, to `localhost`, with credentials; nil if the broker has no certificate.
    public var amqpsURL: String? { self.broker.tlsPort.map { "amqps://\(self.broker.login)@localhost:\($0)/\(self.name)" } }

    /// The management API's base URL with credentials: `http://user:password@host:port`.
    public var apiURL: String { self.broker.apiURL }

    private static let definitions = Task {
        let script = "for name in common parts definitions; do . ops/lib/$name.sh; done; definitions"
        return try await ChildProcess.run("bash", ["-c", "cd '\(Repository.path)' && \(script)"])
    }

    /// Declares the shop's exchanges, queues, bindings and policies.
    public func declareShop() async throws {
        try await self.broker.management.send("POST", "/api/definitions/\(self.name)", body: try await Self.definitions.value)
    }

    /// Declares a work queue of the topology: its commands and dead letters, and a retry schedule with these delays.
    /// Declares a work queue of the topology: its commands and dead letters, and a retry schedule with these delays.
    public func declareWorkQueue(_ queue: String, delays: [Int], deliveryLimit: Int = 20) async throws {
        for (name, type) in [("commands", "topic"), ("events", "topic"), ("dead", "direct"), ("return", "direct")] {
            try await self.declareExchange(name, type: type)
        }
        let common = #""dead-letter-strategy":"at-least-once","overflow":"reject-publish""#
        try await self.setPolicy(
            queue, pattern: "^\(queue)$",
            definition:
                #"{\#(common),"dead-letter-exchange":"dead","dead-letter-routing-key":"\#(queue)","max-length":1000000,"delivery-limit":\#(deliveryLimit)}"#
        )
        try await self.declareQueue(queue)
        try await self.declareQueue("\(queue).dead")
        try await self.bind(queue, to: "commands", routingKey: "\(queue).#")
        try await self.bind(queue, to: "return", routingKey: queue)
        try await self.bind("\(queue).dead", to: "dead", routingKey: queue)
        for delay in delays {
            let rung = "retry.\(delay)"
            try await self.declareExchange(rung, type: "fanout")
            try await self.setPolicy(
                rung, pattern: "^retry\\\\.\(delay)$", definition: #"{\#(common),"dead-letter-exchange":"return","message-ttl":\#(delay * 1000)}"#)
            try await self.declareQueue(rung)
            try await self.bind(rung, to: rung, routingKey: "")
        }
    }

    /// A queue's unacknowledged messages, as counted half a second ago.
    public func unacknowledged(_ queue: String) async throws -> Int {
        struct Queue: Decodable {
            let messages_unacknowledged: Int?
        }
        let counts = try await self.broker.management.get("/api/queues/\(self.name)/\(ManagementAPI.encode(queue))", as: Queue.self)
        return counts.messages_unacknowledged ?? 0
    }

    /// The messages of all its quorum queues, including the unacknowledged ones.
    public func depth() async throws -> Int {
        let answer = try await self.broker.evaluate(
            """
            lists:sum([begin {ok, {_, Count}, _} = ra:local_query(amqqueue:get_pid(Queue), fun rabbit_fifo:query_messages_total/1), Count end \
            || Queue <- rabbit_amqqueue:list(<<"\(self.name)">>), amqqueue:is_quorum(Queue)]).
            """)
        guard let count = Int(answer.filter(\.isNumber)) else { throw FixtureError("no depth: \(answer)") }
        return count
    }

    /// The prefetch counts of a quorum queue's active consumers. (A passive declare also counts cancelled ones with unacknowledged messages.)
    public func consumers(_ queue: String) async throws -> [Int] {
        let answer = try await self.broker.evaluate(
            """
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(self.name)">>, queue, <<"\(queue)">>)), \
            {ok, {_, Consumers}, _} = ra:local_query(amqqueue:get_pid(Queue), fun rabbit_fifo:query_consumers/1), \
            lists:flatten(io_lib:format("~w", [[Count || Consumer <- maps:values(Consumers), Count <- tuple_to_list(Consumer), is_integer(Count)]])).
            """)
        // {ok, "[512,1]"}
        return answer.split { !$0.isNumber }.compactMap { Int($0) }
    }

    /// Declares a durable queue.
    /// - Parameters:
    ///   - type: `quorum` or `classic`.
    ///   - arguments: JSON of more arguments, such as `{"x-message-ttl":100}`.
    public func declareQueue(_ queue: String, type: String = "quorum", arguments: String = "{}") async throws {
        let inner = arguments.dropFirst().dropLast()
        try await self.send(
            "PUT", "queues", queue, body: #"{"durable":true,"arguments":{"x-queue-type":"\#(type)"\#(inner.isEmpty ? "" : ",\(inner)")}}"#)
    }

    /// Deletes a queue with its messages.
    public func deleteQueue(_ queue: String) async throws { try await self.send("DELETE", "queues", queue) }

    /// Takes all ready messages out of a queue.
    public func purgeQueue(_ queue: String) async throws { try await self.send("DELETE", "queues", queue, "contents") }

    /// Declares a durable exchange.
    public func declareExchange(_ exchange: String, type: String = "topic") async throws {
        try await self.send("PUT", "exchanges", exchange, body: #"{"durable":true,"type":"\#(type)"}"#)
    }

    /// Deletes an exchange.
    public func deleteExchange(_ exchange: String) async throws { try await self.send("DELETE", "exchanges", exchange) }

    /// Binds a queue to an exchange.
    public func bind(_ queue: String, to exchange: String, routingKey: String) async throws {
        try await self.send("POST", "bindings", "e", exchange, "q", queue, body: #"{"routing_key":"\#(routingKey)"}"#)
    }

    /// Removes a binding.
    public func unbind(_ queue: String, from exchange: String, routingKey: String) async throws {
        // The properties key of a binding is its routing key in RabbitMQ's encoding.
        try await self.send("DELETE", "bindings", "e", exchange, "q", queue, routingKey)
    }

    /// Sets a policy.
    /// - Parameters:
    ///   - definition: JSON, such as `{"max-length":5,"overflow":"reject-publish"}`.
    ///   - kind: `queues` or `exchanges`.
    ///   - isOperators: whether it is an operator policy, which wins over all others.
    public func setPolicy(
        _ policy: String, pattern: String, definition: String, priority: Int = 0, of kind: String = "queues", isOperators: Bool = false
    ) async throws {
        try await self.send(
            "PUT", isOperators ? "operator-policies" : "policies", policy,
            body: #"{"pattern":"\#(pattern)","definition":\#(definition),"apply-to":"\#(kind)","priority":\#(priority)}"#)
    }

    /// Deletes a policy.
    public func deletePolicy(_ policy: String) async throws { try await self.send("DELETE", "policies", policy) }

    /// Closes all connections to it, as an administrator would; first waits for the expected number.
    public func closeConnections(atLeast count: Int = 1) async throws {
        try await self.broker.closeConnections(virtualHost: self.name, atLeast: count)
    }

    /// Deletes it with its content.
    public func delete() async throws { try await self.broker.management.send("DELETE", "/api/vhosts/\(self.name)") }

    private func send(_ method: String, _ kind: String, _ path: String..., body: String? = nil) async throws {
        let place = path.map(ManagementAPI.encode).joined(separator: "/")
        try await self.broker.management.send(method, "/api/\(kind)/\(self.name)/\(place)", body: body)
    }
}

/// A new virtual host of the shared broker, or of the given one; deleted afterwards.
public func withVirtualHost<Result>(
    of broker: PrivateBroker? = nil, isolation: isolated (any Actor)? = #isolation, _ body: (VirtualHost) async throws -> Result
) async throws -> Result {
    let broker = if let broker { broker } else { try await PrivateBroker.shared() }
    let host = try await broker.newVirtualHost()
    do {
        let result = try await body(host)
        try await host.delete()
        return result
    } catch {
        try? await host.delete()
        throw error
    }
}
