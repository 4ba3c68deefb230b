import Synchronization

/// Wakes one waiting task when it is rung or at a deadline. A ring without a waiting task is kept for the next one.
final class Bell: Sendable {
    private struct State {
        var hasRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = self.state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            state.hasRung = waiter == nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next ring, at the deadline, or when the task is cancelled. Wake-ups may be spurious, so the caller checks again.
    func wait(for time: Duration? = nil) async {
        let timer = time.map { time in
            Task {
                try? await Task.sleep(for: time)
                if !Task.isCancelled { self.ring() }
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wakesNow = self.state.withLock { state in
                    if state.hasRung || Task.isCancelled {
                        state.hasRung = false
                        return true
                    }
                    precondition(state.waiter == nil, "a bell wakes one task")
                    state.waiter = continuation
                    return false
                }
                if wakesNow { continuation.resume() }
            }
        } onCancel: {
            self.ring()
        }
        timer?.cancel()
    }
}
