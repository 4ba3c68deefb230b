import Logging
import Synchronization

/// What waits to leave the process for someone who watches it: traces, events. It never holds up the work, whatever becomes of the other side.
///
/// Bounded: what finds it full is dropped and counted. A task of its own takes what has gathered and sends it, until ``finish(within:)``; without
/// anything to send it sleeps.
final class ExportQueue<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
        var dropped = 0
        var warnedAt: ContinuousClock.Instant?
        /// The sender, while it waits for the first item.
        var idle: CheckedContinuation<Void, Never>?
        /// The sender's pause in which items gather.
        var gathering: Task<Void, Never>?
        var sender: Task<Void, Never>?
    }

    private let destination: String
    private let capacity: Int
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - destination: a label of the metric of what was dropped, `otlp` or `sentry`.
    ///   - capacity: items that wait at most.
    ///   - interval: between the first item and the sending, so that several leave together.
    ///   - send: sends some, and returns how many of them got lost.
    init(to destination: String, capacity: Int, every interval: Duration, logger: Logger, send: @escaping @Sendable ([Item]) async -> Int) {
        self.destination = destination
        self.capacity = capacity
        self.interval = interval
        self.logger = logger
        let sender = Task {
            while let items = await self.next() {
                let lost = await send(items)
                if lost > 0 { self.drop(lost, because: "they could not be sent") }
            }
        }
        self.state.withLock { $0.sender = sender }
    }

    /// Takes items, or drops and counts those that there is no room for. Never waits.
    func add(_ items: some Collection<Item>) {
        let (idle, excess) = self.state.withLock { state in
            let room = state.isClosed ? 0 : max(0, self.capacity - state.items.count)
            state.items += items.prefix(room)
            defer { state.idle = nil }
            return (state.idle, items.count - min(room, items.count))
        }
        idle?.resume()
        if excess > 0 { self.drop(excess, because: "there were too many") }
    }

    /// Sends what is there, for so long at most, and takes nothing more.
    func finish(within limit: Duration) async {
        let (idle, gathering, sender) = self.state.withLock { state in
            state.isClosed = true
            defer { state.idle = nil }
            return (state.idle, state.gathering, state.sender)
        }
        idle?.resume()
        gathering?.cancel()
        let alarm = Task {
            try await Task.sleep(for: limit)
            sender?.cancel()
        }
        await sender?.value
        alarm.cancel()
    }

    /// All that has gathered; nil at the end.
    private func next() async -> [Item]? {
        await withCheckedContinuation { continuation in
            let isReady = self.state.withLock { state in
                if !state.isClosed, state.items.isEmpty { state.idle = continuation }
                return state.idle == nil
            }
            if isReady { continuation.resume() }
        }
        let interval = self.interval
        let gathering = self.state.withLock { state in
            state.gathering = state.isClosed ? nil : Task { try? await Task.sleep(for: interval) }
            return state.gathering
        }
        await gathering?.value
        return self.state.withLock { state in
            defer { state.items = [] }
            return state.items.isEmpty && state.isClosed || Task.isCancelled ? nil : state.items
        }
    }

    /// Counts them, and says so once a minute at most.
    private func drop(_ count: Int, because reason: String) {
        Metrics.exportsDropped(destination: self.destination, count: count)
        let total = self.state.withLock { state -> Int? in
            state.dropped += count
            let now = ContinuousClock.now
            if let warnedAt = state.warnedAt, now - warnedAt < .seconds(60) { return nil }
            state.warnedAt = now
            return state.dropped
        }
        if let total { self.logger.warning("\(total) items for \(self.destination) were dropped so far: \(reason)") }
    }
}
