import DequeModule
import Synchronization

/// The newest calls of the API, for tests that count them. It contains no keys except idempotency keys, no parameters and no bodies.
final class RequestLog: Sendable {
    /// One call; recorded at its arrival.
    struct Entry: Sendable {
        let requestID: String
        /// Unix milliseconds.
        let at: Int
        let method: String
        let path: String
        let idempotencyKey: String?
        /// The API version that the client requested.
        let version: String?
        var end: End?

        var json: JSON {
            [
                "request_id": .string(self.requestID), "at": .integer(self.at), "method": .string(self.method), "path": .string(self.path),
                "idempotency_key": .text(self.idempotencyKey), "stripe_version": .text(self.version), "ended": .bool(self.end != nil),
                "status": .count(self.end?.status), "replayed": .bool(self.end?.isReplay ?? false), "fault": .text(self.end?.fault),
                "ms": .count(self.end?.milliseconds),
            ]
        }
    }

    /// The end of a call.
    struct End: Sendable {
        /// Nil if the connection was closed instead.
        let status: Int?
        let isReplay: Bool
        /// The fault that was applied to it.
        let fault: String?
        let milliseconds: Int
    }

    static let capacity = 10_000

    private struct State {
        var entries: Deque<Entry> = []
        /// The number of the first entry.
        var first = 0
    }

    private let state = Mutex(State())

    /// Records the arrival of a call; pass the returned number to ``end(_:_:)``.
    func begin(_ entry: Entry) -> Int {
        self.state.withLock { state in
            if state.entries.count == Self.capacity {
                state.entries.removeFirst()
                state.first += 1
            }
            state.entries.append(entry)
            return state.first + state.entries.count - 1
        }
    }

    func end(_ number: Int, _ end: End) {
        self.state.withLock { state in
            let index = number - state.first
            if state.entries.indices.contains(index) { state.entries[index].end = end }
        }
    }

    func clear() {
        self.state.withLock { state in
            state.first += state.entries.count
            state.entries.removeAll()
        }
    }

    /// The matching calls, oldest first.
    func entries(method: String?, path: Pattern?) -> [Entry] {
        self.state.withLock { state in
            state.entries.filter { entry in (method.map { $0 == entry.method } ?? true) && (path?.matches(entry.path) ?? true) }
        }
    }
}
