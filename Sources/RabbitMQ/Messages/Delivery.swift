/// A message as the broker delivered it.
public struct Delivery: Sendable {
    /// The delivery tag, which acknowledges it; counts from 1 in each ``epoch``.
    public let deliveryTag: UInt64
    /// The number of the connection that brought it, counted from 1 in each consumer. A tag is valid on that connection only.
    public let epoch: UInt64
    /// Whether the broker has delivered the message before, to any consumer.
    public let redelivered: Bool
    /// The number of redeliveries (a quorum queue's `x-delivery-count`); 0 at first.
    public let deliveryCount: Int
    /// The exchange that it was published to.
    public let exchange: String
    /// The routing key that it was published with.
    public let routingKey: String
    /// Its properties.
    public let properties: Properties
    /// Its payload.
    public let body: [UInt8]

    /// A delivery; public for tests of handlers.
    public init(
        deliveryTag: UInt64, epoch: UInt64, redelivered: Bool, deliveryCount: Int, exchange: String, routingKey: String, properties: Properties,
        body: [UInt8]
    ) {
        self.deliveryTag = deliveryTag
        self.epoch = epoch
        self.redelivered = redelivered
        self.deliveryCount = deliveryCount
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
    }
}
