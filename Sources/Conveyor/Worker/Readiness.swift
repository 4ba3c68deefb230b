import Synchronization

/// Whether a worker is paused, and the current connection of its deliveries.
final class Readiness: Sendable {
    private struct State {
        var paused = false
        /// The epoch of the connection; 0 without one.
        var epoch: UInt64 = 0
        var newestEpoch: UInt64 = 0
    }
    private let state = Mutex(State())

    /// Whether an operator has paused the queue.
    var paused: Bool { self.state.withLock { $0.paused } }

    func set(paused: Bool) { self.state.withLock { $0.paused = paused } }

    /// The epoch of the current deliveries; 0 if the connection was lost.
    var epoch: UInt64 { self.state.withLock { $0.epoch } }

    /// Deliveries of a connection have arrived.
    /// - Returns: whether they are its first.
    func begin(epoch: UInt64) -> Bool {
        self.state.withLock { state in
            guard epoch > state.newestEpoch else { return false }
            state.newestEpoch = epoch
            state.epoch = epoch
            return true
        }
    }

    /// The connection was lost.
    func endEpoch() { self.state.withLock { $0.epoch = 0 } }
}
