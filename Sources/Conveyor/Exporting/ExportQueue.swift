import Logging
import Synchronization

/// A queue of telemetry for an external receiver: traces, events. It never delays the work, whatever the receiver does.
///
/// Bounded: items that find it full are dropped and counted. A task takes the collected items and sends them, until ``finish(within:)``; it sleeps
/// while there are none.
final class ExportQueue<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
        var dropped = 0
        var warnedAt: ContinuousClock.Instant?
        /// The sending task, while it waits for the first item.
        var idle: CheckedContinuation<Void, Never>?
        /// The sending task's pause in which items collect.
        var gathering: Task<Void, Never>?
        var sender: Task<Void, Never>?
    }

    private let destination: String
    private let capacity: Int
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - destination: a label of the metric of dropped items, `otlp` or `sentry`.
    ///   - capacity: the limit of waiting items.
    ///   - interval: the pause between the first item and sending, so that several go together.
    ///   - send: sends items, and returns how many were lost.
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

    /// Adds items; drops and counts those beyond the capacity. Never waits.
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

    /// Sends the remaining items within the given time, and accepts no more.
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

    /// The collected items; nil at the end.
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

    /// Counts dropped items, and logs them at most once a minute.
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
