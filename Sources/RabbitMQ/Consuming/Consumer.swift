public import EventThread
public import Logging
public import ServiceLifecycle

/// Consumes one queue over a connection of its own, in batches.
///
/// A delivery belongs to the connection that brought it: its ``Delivery/epoch``. When the connection, the channel or the queue is lost
/// the consumer comes back by itself, with the next epoch, and the broker delivers again what was not acknowledged. So a
/// late acknowledgement of an earlier epoch means nothing and is ignored.
public final class Consumer: Sendable, Service {
    private let connection: ConsumerConnection
    private let usesTLS: Bool

    /// A consumer that connects when it runs.
    /// - Parameters:
    ///   - configuration: The nodes; they are tried in random order.
    ///   - queue: What to consume from.
    ///   - prefetch: How many deliveries may be unacknowledged, and so how large a batch may be; 1 to 65,535 (quorum queues: 2,000).
    ///   - thread: Where the connection is looked after, with others; nil for a thread of its own.
    ///   - logger: Told of connections that come and go.
    public init(configuration: BrokerConfiguration, queue: QueueSource, prefetch: Int, thread: EventThread? = nil, logger: Logger) {
        self.connection = ConsumerConnection(configuration: configuration, queue: queue, prefetch: prefetch, thread: thread, logger: logger)
        self.usesTLS = configuration.nodes.contains(where: \.usesTLS)
    }

    /// Keeps the connection up until graceful shutdown or cancellation; then sends the last acknowledgements, closes it and ends
    /// ``batches``. What is unacknowledged then, the broker delivers again. To be called once.
    public func run() async throws {
        await self.connection.start()
        await withDiscardingTaskGroup { group in
            if self.usesTLS { group.addTask { await self.cutStuckCalls() } }
            try? await gracefulShutdown()
            await self.connection.stop()
            group.cancelAll()
        }
    }

    /// The deliveries; ends when the consumer has stopped.
    public var batches: DeliveryBatches { DeliveryBatches(buffer: self.connection.deliveries) }

    /// Acknowledges a delivery, or with `multiple` all up to it. Ignored if `epoch` is not the current connection's.
    ///
    /// Returns when it is handed over; it is sent at the connection's next turn, with all that have gathered.
    public func acknowledge(_ tag: UInt64, multiple: Bool = false, epoch: UInt64) async {
        self.connection.acknowledgements.submit(.one(tag, multiple: multiple, epoch: epoch))
    }

    /// Acknowledges deliveries, with as few frames as their order allows. Ignored if `epoch` is not the current connection's.
    public func acknowledge(_ tags: [UInt64], epoch: UInt64) async {
        self.connection.acknowledgements.submit(.many(tags, epoch: epoch))
    }

    /// Changes how many deliveries may be unacknowledged: cancels and consumes again. Deliveries that are out stay valid.
    public func setPrefetch(_ count: Int) async { await self.connection.setPrefetch(count) }

    /// Stops deliveries (`basic.cancel`); the connection stays, and what has been delivered stays valid and is still yielded. Returns when
    /// the broker has stopped.
    public func stopTaking() async { await self.connection.stopTaking() }

    /// Stops deliveries for good: ``batches`` ends after what has been delivered.
    public func endTaking() async { await self.connection.endTaking() }

    /// Starts deliveries again.
    public func resumeTaking() async { await self.connection.resumeTaking() }

    /// Whether there is a connection, and unless it is paused a consumer on it.
    public var isConnected: Bool { self.connection.status.isConnected }

    /// Ups and downs of the connection; the latest few if nobody listens. For one listener.
    public var connectionEvents: AsyncStream<ConnectionEvent> { self.connection.events }

    /// Returns when there is a connection and the consumer is on it.
    /// - Throws: ``BrokerError``: why the last attempt failed, after `timeout` or when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws(BrokerError) {
        try await self.connection.status.waitUntilConnected(timeout: timeout)
    }

    /// Over TLS the library may block the connection's thread.
    private func cutStuckCalls() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            self.connection.cutStuckCall(after: .seconds(10), now: .now)
        }
    }
}
