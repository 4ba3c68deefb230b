import Synchronization

/// A message was not handled within its time limit.
struct TimedOut: Error {
    /// How that which was under way ended when it was cancelled: it tells who was waited for.
    var interrupted: (any Error)?
}

/// Runs `body` and cancels it when it takes longer than `limit`.
/// - Throws: what `body` throws, or `TimedOut`.
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
            // It may have come to its end all the same: a commit that was under way.
            if let value = try await group.next() ?? nil { return value }
        } catch {
            throw TimedOut(interrupted: error)
        }
        throw TimedOut()
    }
}

/// Deadlines that are nearly never reached: one sleep serves thousands of them.
///
/// A `Task.sleep` for each batch arms a timer of the system's and wakes the thread that keeps them, twice.
public final class Deadlines: Sendable {
    /// The process's.
    public static let shared = Deadlines()

    private struct State {
        var waiting: [UInt64: (deadline: ContinuousClock.Instant, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextID: UInt64 = 0
        /// When the sleeper looks next; nil if there is none.
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
                    // A task that is cancelled from here on finds the entry.
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

    /// Sleeps from deadline to deadline for as long as there are any, unless a sleeper with an earlier one has come.
    private func look(at first: ContinuousClock.Instant) async {
        var next = first
        while true {
            // Nobody cancels it: the task is nobody's.
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
