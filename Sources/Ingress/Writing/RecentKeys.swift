import Shop
import Synchronization

/// The fingerprints of the last requests with an idempotency key, for the time until their messages are handled and Postgres knows them.
final class RecentKeys: Sendable {
    private struct State {
        var newer: [ID: String] = [:]
        var older: [ID: String] = [:]
    }

    /// Two generations of so many are kept: some 8 MB at most.
    private static let generation = 20_000
    private let state = Mutex(State())

    /// Remembers a request.
    func note(_ id: ID, body fingerprint: String) {
        self.state.withLock { state in
            if state.newer.count >= Self.generation {
                state.older = state.newer
                state.newer = [:]
            }
            state.newer[id] = fingerprint
        }
    }

    /// The fingerprint of a request; nil if it is not remembered.
    func fingerprint(of id: ID) -> String? { self.state.withLock { $0.newer[id] ?? $0.older[id] } }
}
