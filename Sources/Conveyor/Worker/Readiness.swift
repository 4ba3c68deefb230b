import Synchronization

/// Whether a worker is paused, and over which connection its deliveries come.
final class Readiness: Sendable {
    private struct State {
        var paused = false
        /// Of the consumer's connection; 0 while there is none.
        var epoch: UInt64 = 0
        var newestEpoch: UInt64 = 0
    }
    private let state = Mutex(State())

    /// An operator has paused the queue.
    var paused: Bool { self.state.withLock { $0.paused } }

    func set(paused: Bool) { self.state.withLock { $0.paused = paused } }

    /// The connection that deliveries come over now; 0 if it was lost.
    var epoch: UInt64 { self.state.withLock { $0.epoch } }

    /// Deliveries of this connection have come.
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
