import Synchronization

/// What keeps a worker from working, as its parts report it.
final class Readiness: Sendable {
    private struct State {
        /// By message type: that another type goes well says nothing of the setting.
        var misconfigured: [String: String] = [:]
        var paused = false
        /// Of the consumer's connection; 0 while there is none.
        var epoch: UInt64 = 0
        var newestEpoch: UInt64 = 0
    }
    private let state = Mutex(State())

    /// The setting that is wrong, and what the other side said.
    var misconfigured: String? { self.state.withLock { $0.misconfigured.values.min() } }
    /// An operator has paused the queue.
    var paused: Bool { self.state.withLock { $0.paused } }

    /// What the handler of a type says; nil once it went well.
    /// - Returns: whether that is news.
    func set(misconfigured: String?, by type: String) -> Bool {
        self.state.withLock { state in
            defer { state.misconfigured[type] = misconfigured }
            return state.misconfigured[type] != misconfigured
        }
    }
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
