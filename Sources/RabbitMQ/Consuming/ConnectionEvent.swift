/// A change of a consumer's connection.
public enum ConnectionEvent: Sendable, Equatable {
    /// The connection is up and consuming. The broker redelivers all deliveries of earlier epochs.
    case connected(epoch: UInt64)
    /// The connection is lost; the consumer reconnects.
    case disconnected
}
