import Glibc
import Synchronization

/// Cuts a connection whose thread is stuck in a call of the library.
///
/// `amqp_basic_publish` waits without a limit while the broker does not read (alanxz/rabbitmq-c#519). `shutdown(2)` is the one thing
/// that another thread may do about it: a system call, not a call of the library, which then fails by itself.
final class StuckCallGuard: Sendable {
    private struct State {
        /// Negative once it may belong to someone else.
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

    /// Cuts the connection if a call has been going on for `limit`.
    func cut(after limit: Duration, now: ContinuousClock.Instant) {
        self.state.withLock { state in
            guard let began = state.callBegan, began + limit <= now, state.descriptor >= 0 else { return }
            shutdown(state.descriptor, CInt(SHUT_RDWR))
        }
    }

    /// The descriptor is about to be closed.
    func release() { self.state.withLock { $0.descriptor = -1 } }
}
