/// A virtual host of a broker: a namespace in which one test declares what it likes.
public struct VirtualHost: Sendable {
    /// Its name.
    public let name: String
    /// The broker that it is on.
    public let broker: PrivateBroker

    /// The URL of plain AMQP, with credentials.
    public var amqpURL: String { "amqp://\(self.broker.login)@\(self.broker.host):\(self.broker.amqpPort)/\(self.name)" }

    /// The management API's base, with credentials: `http://user:password@host:port`.
    public var apiURL: String { self.broker.apiURL }

    /// Imports definitions (the format of `rabbitmqctl export_definitions`): exchanges, queues, bindings and policies.
    public func apply(definitions: String) async throws {
        try await self.broker.management.send("POST", "/api/definitions/\(self.name)", body: definitions)
    }

    /// Declares a durable queue.
    /// - Parameters:
    ///   - type: `quorum` or `classic`.
    ///   - arguments: JSON of more arguments, such as `{"x-message-ttl":100}`.
    public func declareQueue(_ queue: String, type: String = "quorum", arguments: String = "{}") async throws {
        let inner = arguments.dropFirst().dropLast()
        try await self.broker.management.send(
            "PUT", "/api/queues/\(self.name)/\(ManagementAPI.encode(queue))",
            body: #"{"durable":true,"arguments":{"x-queue-type":"\#(type)"\#(inner.isEmpty ? "" : ",\(inner)")}}"#)
    }

    /// Deletes a queue and all that is in it.
    public func deleteQueue(_ queue: String) async throws {
        try await self.broker.management.send("DELETE", "/api/queues/\(self.name)/\(ManagementAPI.encode(queue))")
    }

    /// Declares a durable exchange.
    public func declareExchange(_ exchange: String, type: String = "topic") async throws {
        try await self.broker.management.send(
            "PUT", "/api/exchanges/\(self.name)/\(ManagementAPI.encode(exchange))", body: #"{"durable":true,"type":"\#(type)"}"#)
    }

    /// Binds a queue to an exchange.
    public func bind(_ queue: String, to exchange: String, routingKey: String) async throws {
        try await self.broker.management.send(
            "POST", "/api/bindings/\(self.name)/e/\(ManagementAPI.encode(exchange))/q/\(ManagementAPI.encode(queue))",
            body: #"{"routing_key":"\#(routingKey)"}"#)
    }

    /// Sets a policy for queues.
    /// - Parameter definition: JSON, such as `{"max-length":5,"overflow":"reject-publish"}`.
    public func setPolicy(_ policy: String, pattern: String, definition: String) async throws {
        try await self.broker.management.send(
            "PUT", "/api/policies/\(self.name)/\(ManagementAPI.encode(policy))",
            body: #"{"pattern":"\#(pattern)","definition":\#(definition),"apply-to":"queues"}"#)
    }

    /// Deletes it with all that is in it.
    public func delete() async throws { try await self.broker.management.send("DELETE", "/api/vhosts/\(self.name)") }
}
