/// The numbers in the answer to a passive declare.
public struct QueueState: Sendable, Equatable {
    /// Messages that are ready for delivery.
    public let messages: Int
    /// The number of consumers.
    public let consumers: Int
}
