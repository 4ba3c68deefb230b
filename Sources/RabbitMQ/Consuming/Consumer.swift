public import EventThread
public import Logging
public import ServiceLifecycle

/// Consumes one queue over a connection of its own, in batches.
///
/// A delivery belongs to the connection that brought it: its ``Delivery/epoch``. When the connection, the channel or the queue is lost,
/// the consumer reconnects with the next epoch, and the broker redelivers all unacknowledged messages. Therefore late acknowledgements of an
/// earlier epoch are ignored.
public final class Consumer: Sendable, Service {
    private let connection: ConsumerConnection
    private let usesTLS: Bool

    /// A consumer that connects when it runs.
    /// - Parameters:
    ///   - configuration: The nodes; they are tried in random order.
    ///   - queue: The queue to consume.
    ///   - prefetch: The limit of unacknowledged deliveries, and so of a batch; 1 to 65,535 (quorum queues: 2,000).
    ///   - thread: Runs the connection, and others beside it; nil for a thread of its own.
    ///   - logger: For connections that come and go.
    public init(configuration: BrokerConfiguration, queue: QueueSource, prefetch: Int, thread: EventThread? = nil, logger: Logger) {
        self.connection = ConsumerConnection(configuration: configuration, queue: queue, prefetch: prefetch, thread: thread, logger: logger)
        self.usesTLS = configuration.nodes.contains(where: \.usesTLS)
    }

    /// Keeps the connection up until graceful shutdown or cancellation; then sends the last acknowledgements, closes the connection and ends
    /// ``batches``. The broker redelivers unacknowledged messages. Call it once.
    public func run() async throws {
        await self.connection.start()
        await withDiscardingTaskGroup { group in
            if self.usesTLS { group.addTask { await self.cutStuckCalls() } }
            try? await gracefulShutdown()
            await self.connection.stop()
            group.cancelAll()
        }
    }

    /// The deliveries; ends when the consumer has stopped. See ``DeliveryBatches``.
    public var batches: DeliveryBatches { DeliveryBatches(buffer: self.connection.deliveries) }

    /// Acknowledges a delivery, or with `multiple` all up to it. Ignored if `epoch` is not the current connection's.
    ///
    /// Returns at once; the connection's next turn sends it together with the others.
    public func acknowledge(_ tag: UInt64, multiple: Bool = false, epoch: UInt64) async {
        self.connection.acknowledgements.submit(.one(tag, multiple: multiple, epoch: epoch))
    }

    /// Acknowledges deliveries, with as few frames as their order allows. Ignored if `epoch` is not the current connection's.
    public func acknowledge(_ tags: [UInt64], epoch: UInt64) async {
        self.connection.acknowledgements.submit(.many(tags, epoch: epoch))
    }

    /// Changes the prefetch by cancelling and consuming again. Unacknowledged deliveries stay valid.
    public func setPrefetch(_ count: Int) async { await self.connection.setPrefetch(count) }

    /// Stops deliveries (`basic.cancel`) and returns when the broker has confirmed. The connection stays; messages that were delivered stay
    /// valid and are still yielded.
    public func stopTaking() async { await self.connection.stopTaking() }

    /// Stops deliveries for good: ``batches`` ends after the messages that have been delivered.
    public func endTaking() async { await self.connection.endTaking() }

    /// Starts deliveries again.
    public func resumeTaking() async { await self.connection.resumeTaking() }

    /// Whether there is a connection and, unless paused, a consumer on it.
    public var isConnected: Bool { self.connection.status.isConnected }

    /// The changes of the connection, for one listener; while nothing listens, only the latest few are kept.
    public var connectionEvents: AsyncStream<ConnectionEvent> { self.connection.events }

    /// Returns when there is a connection and the consumer is on it.
    /// - Throws: ``BrokerError``: why the last attempt failed, after `timeout` or when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws(BrokerError) {
        try await self.connection.status.waitUntilConnected(timeout: timeout)
    }

    /// With TLS, the library may block the connection's thread.
    private func cutStuckCalls() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            self.connection.cutStuckCall(after: .seconds(10), now: .now)
        }
    }
}
