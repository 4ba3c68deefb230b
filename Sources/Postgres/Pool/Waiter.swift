import Synchronization

/// A caller in the queue for a connection. The code that removes it from the queue answers it, once.
final class Waiter: Sendable {
    private enum State {
        case waiting(CheckedContinuation<Result<PostgresConnection, PostgresError>, Never>?)
        case answered(Result<PostgresConnection, PostgresError>)
    }

    let deadline: ContinuousClock.Instant
    private let state = Mutex(State.waiting(nil))

    init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

    /// The answer, which may have come before this call.
    func wait() async -> Result<PostgresConnection, PostgresError> {
        await withCheckedContinuation { continuation in
            let answer: Result<PostgresConnection, PostgresError>? = self.state.withLock { state in
                if case .answered(let answer) = state { return answer }
                state = .waiting(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    func answer(_ answer: Result<PostgresConnection, PostgresError>) {
        let continuation: CheckedContinuation<Result<PostgresConnection, PostgresError>, Never>? = self.state.withLock { state in
            guard case .waiting(let continuation) = state else { return nil }
            state = .answered(answer)
            return continuation
        }
        continuation?.resume(returning: answer)
    }
}
