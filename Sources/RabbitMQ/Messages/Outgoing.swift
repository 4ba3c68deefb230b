/// A message to publish.
public struct Outgoing: Sendable {
    /// Where it goes; empty for the default exchange, whose routing keys are the names of queues.
    public var exchange: String
    /// What the exchange routes by. At most 255 bytes.
    public var routingKey: String
    /// Whether it is an error (``PublishFailure/unroutable``) when no queue takes it. Without it the broker drops such a message and
    /// confirms it all the same: only for events that nobody needs to hear.
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
