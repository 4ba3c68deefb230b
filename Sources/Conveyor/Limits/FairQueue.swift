import Synchronization

/// Limits how much work runs at a time. Clients take turns, so a client with many requests does not delay one with a single
/// request.
public final class FairQueue<Client: Hashable & Sendable>: Sendable {
    /// Too much work is waiting; try again later.
    public struct Full: Error {}

    private struct Line {
        var turns: [Client] = []
        var waiting: [Client: [CheckedContinuation<Void, Never>]] = [:]

        mutating func append(_ continuation: CheckedContinuation<Void, Never>, of client: Client) {
            if self.waiting[client] == nil { self.turns.append(client) }
            self.waiting[client, default: []].append(continuation)
        }

        mutating func next() -> CheckedContinuation<Void, Never>? {
            guard !self.turns.isEmpty else { return nil }
            let client = self.turns.removeFirst()
            guard var own = self.waiting.removeValue(forKey: client), !own.isEmpty else { return nil }
            let first = own.removeFirst()
            if !own.isEmpty {
                self.waiting[client] = own
                self.turns.append(client)
            }
            return first
        }
    }

    private struct State {
        /// The running and waiting work of each client.
        var taken: [Client: Int] = [:]
        var running = 0
        var waiting = 0
        var preferred = Line()
        var others = Line()
    }

    private let places: Int
    private let perClient: Int
    private let room: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - places: the limit of running work.
    ///   - perClient: the limit of running and waiting work per client.
    ///   - room: the limit of waiting work of all clients.
    public init(places: Int, perClient: Int, room: Int) {
        self.places = places
        self.perClient = perClient
        self.room = room
    }

    /// The running and waiting work.
    public var count: Int { self.state.withLock { $0.running + $0.waiting } }

    /// Runs work at its client's turn.
    /// - Parameter isPreferred: whether it goes before work that is not preferred.
    /// - Throws: ``Full``, or the error of the work.
    public func run<Value>(
        for client: Client, isPreferred: Bool = false, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
    ) async throws -> Value {
        try await self.enter(client, isPreferred)
        defer { self.leave(client) }
        return try await work()
    }

    private func enter(_ client: Client, _ isPreferred: Bool, isolation: isolated (any Actor)? = #isolation) async throws {
        let mustWait = try self.state.withLock { state in
            let taken = state.taken[client] ?? 0
            let mustWait = state.running >= self.places
            guard taken < self.perClient, !mustWait || state.waiting < self.room else { throw Full() }
            state.taken[client] = taken + 1
            // Its place in the queue is reserved until it waits; by then a running place may be free.
            if mustWait { state.waiting += 1 } else { state.running += 1 }
            return mustWait
        }
        guard mustWait else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFree = self.state.withLock { state in
                guard state.running >= self.places else {
                    state.running += 1
                    state.waiting -= 1
                    return true
                }
                if isPreferred { state.preferred.append(continuation, of: client) } else { state.others.append(continuation, of: client) }
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave(_ client: Client) {
        let next = self.state.withLock { state in
            if let taken = state.taken[client] { state.taken[client] = taken > 1 ? taken - 1 : nil }
            let next = state.preferred.next() ?? state.others.next()
            if next == nil { state.running -= 1 } else { state.waiting -= 1 }
            return next
        }
        next?.resume()
    }
}
