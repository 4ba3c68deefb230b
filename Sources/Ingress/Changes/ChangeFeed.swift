import Conveyor
import EventThread
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// What the workers have finished and changed, as they tell it after each commit: wakes requests that wait, and drops what the caches hold.
///
/// The events come through an exclusive queue that is gone with its connection. What is said meanwhile is missed: so while there is none the caches
/// hold nothing valid (see ``isCurrent(at:)``), and requests that wait look into the database by themselves.
final class ChangeFeed: Service {
    /// What the exclusive queue is bound to.
    static let bindings = [OperationFinished.type, CacheClear.type, IngressBeat.type].map { (exchange: "events", routingKey: $0) }

    private struct State {
        var listeners: [ID: [ObjectIdentifier: Listener]] = [:]
        var caches: [@Sendable (Change) -> Void] = []
        var keys: @Sendable (ID, String) -> Void = { _, _ in }
        /// Idempotency keys that the others are to be told of.
        var newKeys: [String: String] = [:]
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
    private let publisher: Publisher
    private let tasks: EventThreadTasks
    private let logger: Logger
    private let state = Mutex(State())
    private let peers = Mutex(Peers(own: .v7(milliseconds: UInt64(Clock.milliseconds()))))

    /// - Parameter tasks: of the thread that the consumer is on.
    init(consumer: Consumer, publisher: Publisher, tasks: EventThreadTasks, logger: Logger) {
        self.consumer = consumer
        self.publisher = publisher
        self.tasks = tasks
        self.logger = logger
    }

    /// Whether every change is heard: what was read since this became true, and was not dropped, is not stale.
    func isCurrent(at now: ContinuousClock.Instant = .now) -> Bool { self.peers.withLock { $0.isFresh(at: now) } }

    /// Has every ingress drop something from its cache, and returns when all have, or trust their caches no more.
    ///
    /// Whoever tells a client that a write is finished asks for this first: the worker's own word of it may be late for some, or lost.
    /// - Parameter pattern: as in `cache.clear`.
    /// - Returns: false if it was not certain in time.
    func settle(_ pattern: String, until deadline: ContinuousClock.Instant) async -> Bool {
        let listener = self.listen(to: self.peers.withLock(\.own))
        defer { listener.cancel() }
        let number = await self.sendBeat(drops: pattern)
        while let silent = self.peers.withLock({ $0.silent(about: number, at: .now) }) {
            if ContinuousClock.now >= deadline { return false }
            await listener.next(until: min(silent, deadline))
        }
        // Without a connection it is not dropped by our own beat.
        self.tell(.pattern(pattern))
        return true
    }

    /// Tells a cache of every change.
    func subscribe(_ cache: @escaping @Sendable (Change) -> Void) { self.state.withLock { $0.caches.append(cache) } }

    /// Tells of every idempotency key that another ingress accepts: the message's id, and what the body was.
    func subscribe(keys: @escaping @Sendable (ID, String) -> Void) { self.state.withLock { $0.keys = keys } }

    /// Tells the other ingresses, if there are any, of an idempotency key that is accepted here; those of a moment together.
    func share(key id: ID, _ fingerprint: String) {
        guard self.peers.withLock(\.hasOthers) else { return }
        let isFirst = self.state.withLock { state in
            defer { state.newKeys[id.description] = fingerprint }
            return state.newKeys.isEmpty
        }
        if isFirst { Task(executorPreference: self.tasks) { await self.sendBeat() } }
    }

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
        // Long waits end with the process: whoever is still there is answered with what is known.
        self.wakeAll()
    }

    private func wakeAll() {
        Self.wake(self.state.withLock { $0.listeners.values.flatMap { Array($0.values) } })
    }

    /// All at the same time, so that one look at the database is new enough for all.
    private static func wake(_ listeners: [Listener]) {
        let now = ContinuousClock.now
        for listener in listeners { listener.wake(at: now) }
    }

    private func watchConnection() async {
        for await event in self.consumer.connectionEvents {
            switch event {
            case .connected:
                // What was missed while there was no queue may have changed anything.
                self.peers.withLock { $0.hearNothing() }
                self.tell(.all)
                _ = await self.sendBeat()
                self.wakeAll()
            case .disconnected:
                self.peers.withLock { $0.hearNothing() }
                self.logger.notice("changes are not heard; reads go to the database until they are")
            }
        }
    }

    /// So many events are acknowledged together, well below the prefetch. Nobody else gets those that are not: the queue ends with its connection.
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

    /// - Returns: whether it is asked for a beat.
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
                // First what was cached, then who waits: a request that is woken must not find what was there before.
                if !hint.changed.isEmpty { self.tell(.changed(hint.changed)) }
                self.wake(hint)
                return false
            }
        } catch {
            self.logger.warning("an event was not understood: \(JSON.explain(error))", metadata: ["type": .string(delivery.routingKey)])
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

    /// - Returns: its number; nil if the broker did not take it.
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
    /// Someone who waits for news of one id. News that come while nobody waits are kept for the next wait.
    final class Listener: Sendable {
        private struct State {
            /// When the newest news came that have not been told.
            var newsAt: ContinuousClock.Instant?
            /// The next wait is over at once.
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

        /// Returns at the next news, at the deadline, or when the task is cancelled. For one task at a time.
        /// - Returns: when news came; nil if none did.
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

        /// Returns at the next news or pulse, or when the task is cancelled. For one task at a time.
        /// - Returns: when news came; nil if none did.
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

        /// No more news are wanted.
        func cancel() { self.feed?.forget(self) }

        /// Brings news: ends the wait, or if nobody waits, the next one.
        func wake(at now: ContinuousClock.Instant = .now) { self.wake { $0.newsAt = now } }

        /// Ends the wait, or if nobody waits, the next one, without news.
        func pulse() { self.wake { _ in } }

        /// Whoever waited has gone away: no wait lasts any longer.
        func leave() { self.wake { $0.hasLeft = true } }

        /// Whether whoever waited has gone away.
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
