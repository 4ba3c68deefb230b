/// What a passive declare says about a queue.
public struct QueueState: Sendable, Equatable {
    /// Messages that are ready to be delivered.
    public let messages: Int
    /// Consumers of the queue.
    public let consumers: Int
}
