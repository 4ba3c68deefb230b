import Synchronization

/// Limits how many tests run at a time: they share two or four cores, and a starting server takes one of them.
public final class Turns: Sendable {
    /// For tests that start their own server.
    public static let ofServers = Turns(2)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>

    /// - Parameter count: the limit.
    public init(_ count: Int) { self.state = Mutex(State(free: count)) }

    /// Runs `body` when it is its turn.
    public func take<Result>(isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result) async throws -> Result {
        await withCheckedContinuation { continuation in
            let mustWait = self.state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return false
                }
                state.waiting.append(continuation)
                return true
            }
            if !mustWait { continuation.resume() }
        }
        defer { self.leave() }
        return try await body()
    }

    private func leave() {
        let next = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
