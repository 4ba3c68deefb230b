public import Logging
public import ServiceLifecycle

/// Consumes one queue over a connection of its own, in batches.
public final class Consumer: Sendable, Service {
    /// A consumer that connects when it runs.
    public init(configuration: BrokerConfiguration, queue: QueueSource, prefetch: Int, logger: Logger) {}

    /// Keeps the connection up until graceful shutdown or cancellation, then sends the last acknowledgements and closes it.
    public func run() async throws {}

    /// The deliveries; ends when the consumer stops.
    public var batches: DeliveryBatches { DeliveryBatches() }

    /// Acknowledges a delivery, or with `multiple` all up to it. Ignored if `epoch` is not the current connection's.
    public func acknowledge(_ tag: UInt64, multiple: Bool = false, epoch: UInt64) async {}

    /// Acknowledges deliveries, with as few frames as their order allows. Ignored if `epoch` is not the current connection's.
    public func acknowledge(_ tags: [UInt64], epoch: UInt64) async {}

    /// Changes how many deliveries may be unacknowledged at a time.
    public func setPrefetch(_ count: Int) async {}

    /// Stops deliveries; what has been delivered stays valid. Returns when the broker has stopped.
    public func stopTaking() async {}

    /// Starts deliveries again.
    public func resumeTaking() async {}

    /// Whether there is a connection.
    public var isConnected: Bool { false }

    /// Ups and downs of the connection, the latest few if nobody listens.
    public var connectionEvents: AsyncStream<ConnectionEvent> { AsyncStream { nil } }

    /// Returns when there is a connection and the consumer is consuming.
    /// - Throws: ``BrokerError``: why the last attempt failed, after `timeout` or when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws(BrokerError) {}
}
