import Synchronization

/// A message was not handled within its time limit.
struct TimedOut: Error {
    /// The error of the cancelled work, which shows what it was waiting for.
    var interrupted: (any Error)?
}

/// Runs `body` and cancels it if it takes longer than `limit`.
/// - Throws: the error of `body`, or `TimedOut`.
func withTimeLimit<Value: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            await Deadlines.shared.reached(.now + limit)
            return nil
        }
        defer { group.cancelAll() }
        if let value = try await group.next() ?? nil { return value }
        group.cancelAll()
        do {
            // It may have finished all the same: a commit in progress.
            if let value = try await group.next() ?? nil { return value }
        } catch {
            throw TimedOut(interrupted: error)
        }
        throw TimedOut()
    }
}

/// Deadlines that rarely pass: one sleeping task serves thousands of them.
///
/// A `Task.sleep` per batch would set a system timer and wake the timer thread, twice.
public final class Deadlines: Sendable {
    /// The process' instance.
    public static let shared = Deadlines()

    private struct State {
        var waiting: [UInt64: (deadline: ContinuousClock.Instant, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextID: UInt64 = 0
        /// When the sleeping task checks next; nil if there is none.
        var looksAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Returns at the deadline, or when the task is cancelled.
    public func reached(_ deadline: ContinuousClock.Instant) async {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, mustLook) = self.state.withLock { state in
                    // From here on a cancellation finds the entry.
                    if Task.isCancelled { return (true, false) }
                    state.waiting[id] = (deadline, continuation)
                    guard state.looksAt.map({ deadline < $0 }) ?? true else { return (false, false) }
                    state.looksAt = deadline
                    return (false, true)
                }
                if isOver { continuation.resume() }
                if mustLook { Task { await self.look(at: deadline) } }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Sleeps from deadline to deadline while there are any, unless a task with an earlier one has started.
    private func look(at first: ContinuousClock.Instant) async {
        var next = first
        while true {
            // An unstructured task, which is never cancelled.
            try? await Task.sleep(until: next)
            let (reached, following) = self.state.withLock { state in
                guard state.looksAt == next else { return ([CheckedContinuation<Void, Never>](), nil as ContinuousClock.Instant?) }
                let now = ContinuousClock.now
                let over = state.waiting.filter { $0.value.deadline <= now }
                for id in over.keys { state.waiting[id] = nil }
                state.looksAt = state.waiting.values.lazy.map(\.deadline).min()
                return (over.values.map(\.continuation), state.looksAt)
            }
            for continuation in reached { continuation.resume() }
            guard let following else { return }
            next = following
        }
    }
}
