import Synchronization

/// The state of a connection, readable by any thread, and a way to wait until it is up.
final class ConnectionStatus: Sendable {
    private struct State {
        var isConnected = false
        /// When the broker last sent anything.
        var lastHeard: ContinuousClock.Instant?
        /// Whether messages wait for confirms that do not come.
        var isStalled = false
        var lastFailure: BrokerError?
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }
    private let state = Mutex(State())

    var isConnected: Bool { self.state.withLock(\.isConnected) }

    /// Whether the broker has just proved that it works: it sent something, and no confirm is overdue.
    func isAnswering(at now: ContinuousClock.Instant, within limit: Duration) -> Bool {
        self.state.withLock { state in
            guard state.isConnected, !state.isStalled, let lastHeard = state.lastHeard else { return false }
            return now < lastHeard + limit
        }
    }

    func heard(_ now: ContinuousClock.Instant) { self.state.withLock { $0.lastHeard = now } }

    func set(isStalled: Bool) { self.state.withLock { $0.isStalled = isStalled } }

    func connected() {
        let waiters = self.state.withLock { state in
            state.isConnected = true
            state.lastHeard = .now
            state.isStalled = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    func disconnected(_ failure: BrokerError) {
        self.state.withLock { state in
            state.isConnected = false
            state.lastFailure = failure
        }
    }

    /// Returns when the connection is up.
    /// - Throws: ``BrokerError``: the last failure, after `timeout` or when the task is cancelled.
    func waitUntilConnected(timeout: Duration) async throws(BrokerError) {
        let id = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task {
            try await Task.sleep(for: timeout)
            self.giveUp(id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    // From here on a cancellation finds the waiter.
                    if state.isConnected || Task.isCancelled || timeout <= .zero { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.giveUp(id)
        }
        timer.cancel()
        let (isConnected, failure) = self.state.withLock { ($0.isConnected, $0.lastFailure) }
        guard isConnected else { throw failure ?? .unreachable("no connection yet") }
    }

    private func giveUp(_ waiter: UInt64) {
        self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
    }
}
