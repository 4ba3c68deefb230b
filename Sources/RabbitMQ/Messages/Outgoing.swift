/// A message to publish.
public struct Outgoing: Sendable {
    /// The exchange; empty for the default exchange, whose routing keys are the names of queues.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// The `mandatory` flag: without a queue for the message, publishing fails with ``PublishFailure/unroutable``. If false, the broker drops such a
    /// message and still confirms it: only for events that may have no consumer.
    public var mandatory: Bool
    /// Its properties.
    public var properties: Properties
    /// Its payload.
    public var body: [UInt8]

    /// A message to publish.
    public init(exchange: String, routingKey: String, mandatory: Bool = true, properties: Properties, body: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.properties = properties
        self.body = body
    }
}
