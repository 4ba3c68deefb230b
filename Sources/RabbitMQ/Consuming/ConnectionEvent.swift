/// What happened to a consumer's connection.
public enum ConnectionEvent: Sendable, Equatable {
    /// It is up and consuming. Everything that was delivered with an earlier epoch will be delivered again.
    case connected(epoch: UInt64)
    /// It is gone; the consumer tries to connect again by itself.
    case disconnected
}
