/// What a consumer consumes from.
public enum QueueSource: Sendable {
    /// A queue that exists. If it is deleted, or not there yet, the consumer tries again with backoff until it is.
    case named(String)
    /// A queue of this consumer's own: named by the server, exclusive, gone with the connection, and declared and bound again at each
    /// reconnect. What is published while there is no connection does not reach it.
    case exclusive(bindings: [(exchange: String, routingKey: String)])
}
