import DequeModule
import Synchronization

/// Deliveries on their way from the connection's thread to their handlers.
final class DeliveryBuffer: Sendable {
    private struct State {
        var deliveries: [Delivery] = []
        var waiters: Deque<(id: UInt64, continuation: CheckedContinuation<[Delivery]?, Never>)> = []
        var nextWaiter: UInt64 = 0
        var isFinished = false
    }
    private let state = Mutex(State())

    /// Gives a batch, which must not be empty, to the first waiter, or keeps it for the next one.
    func append(_ batch: [Delivery]) {
        let waiter = self.state.withLock { state in
            guard let waiter = state.waiters.popFirst() else {
                // Usually the buffer is empty.
                if state.deliveries.isEmpty { state.deliveries = batch } else { state.deliveries += batch }
                return nil as CheckedContinuation<[Delivery]?, Never>?
            }
            return waiter.continuation
        }
        waiter?.resume(returning: batch)
    }

    /// Drops the deliveries that have not been taken.
    func removeAll() { self.state.withLock { $0.deliveries = [] } }

    /// Ends the sequence after the remaining deliveries.
    func finish() {
        let waiters = self.state.withLock { state in
            state.isFinished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    func next(isolation: isolated (any Actor)?) async -> [Delivery]? {
        let id = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isReady, batch): (Bool, [Delivery]?) = self.state.withLock { state in
                    if !state.deliveries.isEmpty {
                        defer { state.deliveries = [] }
                        return (true, state.deliveries)
                    }
                    // From here on a cancellation finds the waiter.
                    if state.isFinished || Task.isCancelled { return (true, nil) }
                    state.waiters.append((id, continuation))
                    return (false, nil)
                }
                if isReady { continuation.resume(returning: batch) }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(returning: nil)
        }
    }
}
