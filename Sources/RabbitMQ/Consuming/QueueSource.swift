/// The queue that a consumer reads.
public enum QueueSource: Sendable {
    /// An existing queue. If it is deleted, or does not exist yet, the consumer tries again with backoff until it exists.
    case named(String)
    /// An exclusive queue that the server names. It is deleted with the connection, and declared and bound again at each reconnect; messages
    /// published in between do not reach it.
    case exclusive(bindings: [(exchange: String, routingKey: String)])
}
