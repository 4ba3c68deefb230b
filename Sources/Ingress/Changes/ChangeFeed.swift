import Kit
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// What the workers have finished and changed, as they tell it after each commit: wakes requests that wait, and drops what the caches hold.
///
/// The events come through an exclusive queue that is gone with its connection. What is said meanwhile is missed: so while there is none the caches
/// hold nothing valid (see ``isCurrent``), and requests that wait look into the database by themselves.
final class ChangeFeed: Service {
    /// What the exclusive queue is bound to.
    static let bindings = [(exchange: "events", routingKey: OperationFinished.type), (exchange: "events", routingKey: CacheClear.type)]

    private struct State {
        var listeners: [ID: [ObjectIdentifier: Listener]] = [:]
        var caches: [@Sendable (Change) -> Void] = []
    }

    /// What a cache is told.
    enum Change: Sendable {
        /// Resources by type, e.g. `product`.
        case changed([String: [ID]])
        /// Everything may have changed.
        case all
        /// An operator's pattern: `product:*`, `product:<id>`, `*`.
        case pattern(String)
    }

    private let consumer: Consumer
    private let logger: Logger
    private let state = Mutex(State())
    private let current = Atomic(false)

    init(consumer: Consumer, logger: Logger) {
        self.consumer = consumer
        self.logger = logger
    }

    /// Whether every change is heard: what was read since this became true, and was not dropped, is not stale.
    var isCurrent: Bool { self.current.load(ordering: .acquiring) }

    /// Tells a cache of every change.
    func subscribe(_ cache: @escaping @Sendable (Change) -> Void) { self.state.withLock { $0.caches.append(cache) } }

    /// Listens to an operation (by its message's id) or a resource until the listener is cancelled.
    func listen(to id: ID) -> Listener {
        let listener = Listener(id: id, feed: self)
        self.state.withLock { $0.listeners[id, default: [:]][ObjectIdentifier(listener)] = listener }
        return listener
    }

    fileprivate func forget(_ listener: Listener) {
        self.state.withLock { state in
            state.listeners[listener.id]?[ObjectIdentifier(listener)] = nil
            if state.listeners[listener.id]?.isEmpty == true { state.listeners[listener.id] = nil }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watchConnection() }
                group.addTask { await self.receive() }
            }
        }
        // Long waits end with the process: whoever is still there is answered with what is known.
        self.wakeAll()
    }

    private func wakeAll() {
        let listeners = self.state.withLock { $0.listeners.values.flatMap { Array($0.values) } }
        for listener in listeners { listener.wake() }
    }

    private func watchConnection() async {
        for await event in self.consumer.connectionEvents {
            switch event {
            case .connected:
                // What was missed while there was no queue may have changed anything.
                self.tell(.all)
                self.current.store(true, ordering: .releasing)
                self.wakeAll()
            case .disconnected:
                self.current.store(false, ordering: .releasing)
                self.logger.notice("changes are not heard; reads go to the database until they are")
            }
        }
    }

    private func receive() async {
        for await batch in self.consumer.batches {
            for delivery in batch { self.handle(delivery) }
            if let last = batch.last { await self.consumer.acknowledge(last.deliveryTag, multiple: true, epoch: last.epoch) }
        }
    }

    private func handle(_ delivery: Delivery) {
        do {
            if delivery.routingKey == CacheClear.type {
                let pattern = try JSON.decode(CacheClear.self, from: delivery.body).pattern
                self.logger.notice("an operator drops \(pattern) from the cache")
                self.tell(.pattern(pattern))
                return
            }
            let hint = try JSON.decode(OperationFinished.self, from: delivery.body)
            // First what was cached, then who waits: a request that is woken must not find what was there before.
            if !hint.changed.isEmpty { self.tell(.changed(hint.changed)) }
            self.wake(hint)
        } catch {
            self.logger.warning("an event was not understood: \(JSON.explain(error))", metadata: ["type": .string(delivery.routingKey)])
            self.tell(.all)
        }
    }

    private func tell(_ change: Change) {
        for cache in self.state.withLock({ $0.caches }) { cache(change) }
    }

    private func wake(_ hint: OperationFinished) {
        let listeners = self.state.withLock { state -> [Listener] in
            var listeners: [Listener] = []
            guard !state.listeners.isEmpty else { return listeners }
            for operation in hint.operations { if let waiting = state.listeners[operation.id] { listeners += waiting.values } }
            for id in hint.changed.values.joined() { if let waiting = state.listeners[id] { listeners += waiting.values } }
            return listeners
        }
        for listener in listeners { listener.wake() }
    }
}

extension ChangeFeed {
    /// Someone who waits for news of one id. News that come while nobody waits are kept for the next wait.
    final class Listener: Sendable {
        private struct State {
            var hasNews = false
            var waiting: CheckedContinuation<Void, Never>?
            var round = 0
        }

        let id: ID
        private weak let feed: ChangeFeed?
        private let state = Mutex(State())

        fileprivate init(id: ID, feed: ChangeFeed) {
            self.id = id
            self.feed = feed
        }

        /// Returns at the next news, at the deadline, or when the task is cancelled. For one task at a time.
        func next(until deadline: ContinuousClock.Instant) async {
            let round = self.state.withLock { $0.round + 1 }
            let timer = Task {
                try? await Task.sleep(until: deadline)
                self.end(round)
            }
            await self.next(isOver: { ContinuousClock.now >= deadline })
            timer.cancel()
        }

        /// Returns at the next news, or when the task is cancelled. For one task at a time.
        func next() async { await self.next(isOver: { false }) }

        private func next(isOver: () -> Bool) async {
            let round = self.state.withLock { state in
                state.round += 1
                return state.round
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isOver = self.state.withLock { state in
                        if state.hasNews || Task.isCancelled || isOver() {
                            state.hasNews = false
                            return true
                        }
                        state.waiting = continuation
                        return false
                    }
                    if isOver { continuation.resume() }
                }
            } onCancel: {
                self.end(round)
            }
        }

        /// No more news are wanted.
        func cancel() { self.feed?.forget(self) }

        /// Ends the wait, or if nobody waits, the next one.
        func wake() {
            let waiting = self.state.withLock { state in
                defer { state.waiting = nil }
                if state.waiting == nil { state.hasNews = true }
                return state.waiting
            }
            waiting?.resume()
        }

        private func end(_ round: Int) {
            let waiting = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard state.round == round else { return nil }
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }
    }
}
