import RabbitMQ

/// Pauses the consumer, and sets its prefetch.
///
/// Changes are queued and applied by one task, so that a stale change never overrides a newer one.
struct Intake: Sendable {
    /// A requested change.
    enum Order: Sendable {
        /// The dispatcher has enough messages, or wants more.
        case flow(Dispatcher.Signal)
        /// An operator has paused the queue, or resumed it.
        case pause(Bool)
    }

    private let consumer: Consumer
    private let prefetch: Int
    private let orders: AsyncStream<Order>
    private let continuation: AsyncStream<Order>.Continuation

    init(consumer: Consumer, prefetch: Int) {
        self.consumer = consumer
        self.prefetch = prefetch
        (self.orders, self.continuation) = AsyncStream.makeStream(of: Order.self)
    }

    func give(_ order: Order) { self.continuation.yield(order) }

    /// The last change: stop consuming.
    func end() { self.continuation.finish() }

    /// Returns when the consumer has stopped, after ``end()`` or a cancellation.
    func obey() async {
        var (isHeld, isPaused) = (false, false)
        for await order in self.orders {
            switch order {
            case .flow(.hold): isHeld = true
            case .flow(.probe):
                isHeld = false
                await self.consumer.setPrefetch(1)
            case .flow(.take):
                isHeld = false
                await self.consumer.setPrefetch(self.prefetch)
            case .pause(let paused): isPaused = paused
            }
            if isHeld || isPaused { await self.consumer.stopTaking() } else { await self.consumer.resumeTaking() }
        }
        await self.consumer.endTaking()
    }
}
