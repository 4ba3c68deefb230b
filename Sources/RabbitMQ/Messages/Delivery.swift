/// A message as the broker delivered it.
public struct Delivery: Sendable {
    /// The broker's number of this delivery, to acknowledge it with; counts from 1 in each ``epoch``.
    public let deliveryTag: UInt64
    /// Which of the consumer's connections brought it, counted from 1. A tag means nothing on another one.
    public let epoch: UInt64
    /// Whether the broker has delivered it before, to anyone.
    public let redelivered: Bool
    /// How often it came back without an acknowledgement (a quorum queue's `x-delivery-count`); 0 at first.
    public let deliveryCount: Int
    /// The exchange that it was published to.
    public let exchange: String
    /// The routing key that it was published with.
    public let routingKey: String
    /// Its properties.
    public let properties: Properties
    /// Its payload.
    public let body: [UInt8]

    /// A delivery as a consumer yields it; public for tests of what handles deliveries.
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
