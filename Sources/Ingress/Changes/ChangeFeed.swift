import Conveyor
import EventThread
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// The workers' events after each commit: wakes waiting requests, and invalidates the caches.
///
/// The events come through an exclusive queue that is deleted with its connection, so events are missed while there is none. Meanwhile the
/// caches hold nothing valid (see ``isCurrent(at:)``), and waiting requests poll the database.
final class ChangeFeed: Service {
    /// The bindings of the exclusive queue.
    static let bindings = [OperationFinished.type, CacheClear.type, IngressBeat.type].map { (exchange: "events", routingKey: $0) }

    private struct State {
        var listeners: [ID: [ObjectIdentifier: Listener]] = [:]
        var caches: [@Sendable (Change) -> Void] = []
        var keys: @Sendable (ID, String) -> Void = { _, _ in }
        /// Idempotency keys to announce to the other ingresses.
        var newKeys: [String: String] = [:]
    }

    /// An invalidation for a cache.
    enum Change: Sendable {
        /// Changed resources by type, e.g. `product`.
        case changed([String: [ID]])
        /// Everything may have changed.
        case all
        /// An operator's pattern: `product:*`, `product:<id>`, `*`.
        case pattern(String)
    }

    private let consumer: Consumer
    private let publisher: Publisher
    private let tasks: EventThreadTasks
    private let logger: Logger
    private let state = Mutex(State())
    private let peers = Mutex(Peers(own: .v7(milliseconds: UInt64(Clock.milliseconds()))))

    /// - Parameter tasks: the executor on the consumer's thread.
    init(consumer: Consumer, publisher: Publisher, tasks: EventThreadTasks, logger: Logger) {
        self.consumer = consumer
        self.publisher = publisher
        self.tasks = tasks
        self.logger = logger
    }

    /// Whether all changes are received: values that were read since this became true, and were not invalidated, are fresh.
    func isCurrent(at now: ContinuousClock.Instant = .now) -> Bool { self.peers.withLock { $0.isFresh(at: now) } }

    /// Invalidates something in the caches of all ingresses, and returns when each has done so or no longer trusts its cache.
    ///
    /// Called before a client learns that a write is finished: the worker's own event may arrive late, or get lost.
    /// - Parameter pattern: as in `cache.clear`.
    /// - Returns: false if this was not certain in time.
    func settle(_ pattern: String, until deadline: ContinuousClock.Instant) async -> Bool {
        let listener = self.listen(to: self.peers.withLock(\.own))
        defer { listener.cancel() }
        let number = await self.sendBeat(drops: pattern)
        while let silent = self.peers.withLock({ $0.silent(about: number, at: .now) }) {
            if ContinuousClock.now >= deadline { return false }
            await listener.next(until: min(silent, deadline))
        }
        // Without a connection our own beat cannot invalidate it.
        self.tell(.pattern(pattern))
        return true
    }

    /// Subscribes a cache to all changes.
    func subscribe(_ cache: @escaping @Sendable (Change) -> Void) { self.state.withLock { $0.caches.append(cache) } }

    /// Subscribes to idempotency keys that other ingresses accept: message id and fingerprint of the body.
    func subscribe(keys: @escaping @Sendable (ID, String) -> Void) { self.state.withLock { $0.keys = keys } }

    /// Announces an accepted idempotency key to the other ingresses, if there are any; keys of one moment go out together.
    func share(key id: ID, _ fingerprint: String) {
        guard self.peers.withLock(\.hasOthers) else { return }
        let isFirst = self.state.withLock { state in
            defer { state.newKeys[id.description] = fingerprint }
            return state.newKeys.isEmpty
        }
        if isFirst { Task(executorPreference: self.tasks) { await self.sendBeat() } }
    }

    /// Listens to an operation (by its message id) or a resource until the listener is cancelled.
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
                group.addTask(executorPreference: self.tasks) { await self.watchConnection() }
                group.addTask(executorPreference: self.tasks) { await self.receive() }
                group.addTask {
                    while !Task.isCancelled {
                        _ = await self.sendBeat()
                        try? await Task.sleep(for: Peers.interval)
                    }
                }
            }
        }
        _ = await self.sendBeat(leaves: true)
        // At the end of the process, long waits end with the last known state.
        self.wakeAll()
    }

    private func wakeAll() {
        Self.wake(self.state.withLock { $0.listeners.values.flatMap { Array($0.values) } })
    }

    /// All at the same time, so that one database query serves them all.
    private static func wake(_ listeners: [Listener]) {
        let now = ContinuousClock.now
        for listener in listeners { listener.wake(at: now) }
    }

    private func watchConnection() async {
        for await event in self.consumer.connectionEvents {
            switch event {
            case .connected:
                // Anything may have changed while there was no queue.
                self.peers.withLock { $0.hearNothing() }
                self.tell(.all)
                _ = await self.sendBeat()
                self.wakeAll()
            case .disconnected:
                self.peers.withLock { $0.hearNothing() }
                self.logger.notice("change events do not arrive; until they do, reads go to the database")
            }
        }
    }

    /// Events per acknowledgement, well below the prefetch. Unacknowledged ones are not redelivered: the queue is deleted with its connection.
    private static let acknowledgedTogether = 256

    private func receive() async {
        var unacknowledged = 0
        for await batch in self.consumer.batches {
            var isAsked = false
            for delivery in batch { isAsked = self.handle(delivery) || isAsked }
            if isAsked { Task { await self.sendBeat() } }
            unacknowledged += batch.count
            guard unacknowledged >= Self.acknowledgedTogether, let last = batch.last else { continue }
            await self.consumer.acknowledge(last.deliveryTag, multiple: true, epoch: last.epoch)
            unacknowledged = 0
        }
    }

    /// - Returns: whether the other side asks for a beat.
    private func handle(_ delivery: Delivery) -> Bool {
        do {
            switch delivery.routingKey {
            case CacheClear.type:
                let pattern = try JSON.decode(CacheClear.self, from: delivery.body).pattern
                self.logger.notice("an operator drops \(pattern) from the cache")
                self.tell(.pattern(pattern))
                return false
            case IngressBeat.type: return self.hear(try JSON.decode(from: delivery.body))
            default:
                let hint = try JSON.decode(OperationFinished.self, from: delivery.body)
                // Caches first, then waiters: a woken request must not read the old value.
                if !hint.changed.isEmpty { self.tell(.changed(hint.changed)) }
                self.wake(hint)
                return false
            }
        } catch {
            self.logger.warning("an event cannot be decoded: \(JSON.explain(error))", metadata: ["type": .string(delivery.routingKey)])
            self.tell(.all)
            return false
        }
    }

    private func hear(_ beat: IngressBeat) -> Bool {
        if let pattern = beat.drops { self.tell(.pattern(pattern)) }
        if let keys = beat.keys {
            let note = self.state.withLock(\.keys)
            for (text, fingerprint) in keys { if let id = ID(text) { note(id, fingerprint) } }
        }
        let own = self.peers.withLock { peers in
            peers.hear(beat, at: .now)
            return peers.own
        }
        Self.wake(self.state.withLock { $0.listeners[own].map { Array($0.values) } ?? [] })
        return beat.drops != nil && beat.ingress != own
    }

    /// - Returns: the beat's number; nil if the broker did not confirm it.
    @discardableResult
    private func sendBeat(drops: String? = nil, leaves: Bool? = nil) async -> Int64? {
        let keys = self.state.withLock { state in
            defer { state.newKeys = [:] }
            return state.newKeys
        }
        let beat = self.peers.withLock { $0.beat(at: .now, drops: drops, keys: keys.isEmpty ? nil : keys, leaves: leaves) }
        let now = Clock.milliseconds()
        let envelope = Envelope(messageID: .v7(milliseconds: UInt64(now)), type: IngressBeat.type, actor: "system", sentAt: now)
        do {
            try await self.publisher.publish(
                Outgoing(
                    exchange: IngressBeat.exchange, routingKey: IngressBeat.type, mandatory: false,
                    properties: envelope.properties(appID: "ingress", persistent: false), body: try JSON.encode(beat)))
            return beat.number
        } catch {
            return nil
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
        Self.wake(listeners)
    }
}

extension ChangeFeed {
    /// Waits for news of one id. News that arrive between two waits end the next one at once.
    final class Listener: Sendable {
        private struct State {
            /// When the latest unread news arrived.
            var newsAt: ContinuousClock.Instant?
            /// Whether the next wait ends at once.
            var isWoken = false
            var hasLeft = false
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

        /// Returns at the next news, at the deadline, or when the task is cancelled. One task at a time may call it.
        /// - Returns: when the news arrived; nil without news.
        @discardableResult
        func next(until deadline: ContinuousClock.Instant) async -> ContinuousClock.Instant? {
            let round = self.state.withLock { $0.round + 1 }
            let timer = Task {
                try? await Task.sleep(until: deadline)
                self.end(round)
            }
            defer { timer.cancel() }
            return await self.next(isOver: { ContinuousClock.now >= deadline })
        }

        /// Returns at the next news or pulse, or when the task is cancelled. One task at a time may call it.
        /// - Returns: when the news arrived; nil without news.
        @discardableResult
        func next() async -> ContinuousClock.Instant? { await self.next(isOver: { false }) }

        private func next(isOver: () -> Bool) async -> ContinuousClock.Instant? {
            let round = self.state.withLock { state in
                state.round += 1
                return state.round
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isOver = self.state.withLock { state in
                        if state.isWoken || state.hasLeft || Task.isCancelled || isOver() {
                            state.isWoken = false
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
            return self.state.withLock { state in
                defer { state.newsAt = nil }
                return state.newsAt
            }
        }

        /// Ends the subscription.
        func cancel() { self.feed?.forget(self) }

        /// Delivers news: ends the current wait, or the next one.
        func wake(at now: ContinuousClock.Instant = .now) { self.wake { $0.newsAt = now } }

        /// Ends the current wait, or the next one, without news.
        func pulse() { self.wake { _ in } }

        /// The waiting client has gone away: all further waits end at once.
        func leave() { self.wake { $0.hasLeft = true } }

        /// Whether the waiting client has gone away.
        var hasLeft: Bool { self.state.withLock(\.hasLeft) }

        private func wake(_ note: (inout State) -> Void) {
            let waiting = self.state.withLock { state in
                note(&state)
                defer { state.waiting = nil }
                if state.waiting == nil { state.isWoken = true }
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
