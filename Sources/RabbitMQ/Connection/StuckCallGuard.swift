import Glibc
import Synchronization

/// Cuts a connection whose thread is stuck in a library call.
///
/// `amqp_basic_publish` waits without a limit while the broker does not read (alanxz/rabbitmq-c#519). Another thread may only call `shutdown(2)`
/// on the socket, since that is a system call and not a library call; the stuck call then fails.
final class StuckCallGuard: Sendable {
    private struct State {
        /// Negative once the descriptor may belong to another file.
        var descriptor: CInt
        var callBegan: ContinuousClock.Instant?
    }
    private let state: Mutex<State>

    init(descriptor: CInt) { self.state = Mutex(State(descriptor: descriptor)) }

    /// Runs a call that may block.
    func watching<Result>(_ call: () -> Result) -> Result {
        self.state.withLock { $0.callBegan = .now }
        defer { self.state.withLock { $0.callBegan = nil } }
        return call()
    }

    /// Cuts the connection if a call has taken longer than `limit`.
    func cut(after limit: Duration, now: ContinuousClock.Instant) {
        self.state.withLock { state in
            guard let began = state.callBegan, began + limit <= now, state.descriptor >= 0 else { return }
            shutdown(state.descriptor, CInt(SHUT_RDWR))
        }
    }

    /// Forgets the descriptor, which is about to be closed.
    func release() { self.state.withLock { $0.descriptor = -1 } }
}
