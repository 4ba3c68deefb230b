import DequeModule
import Synchronization

/// The newest calls of the API, for tests that count them. It holds no key but idempotency keys, no parameter and no body.
final class RequestLog: Sendable {
    struct Entry: Sendable {
        let requestID: String
        /// Unix milliseconds.
        let at: Int
        let method: String
        let path: String
        let idempotencyKey: String?
        /// Nil if the connection was closed instead.
        let status: Int?
        let isReplay: Bool
        /// The fault that struck it.
        let fault: String?
        let milliseconds: Int

        var json: JSON {
            [
                "request_id": .string(self.requestID), "at": .integer(self.at), "method": .string(self.method), "path": .string(self.path),
                "idempotency_key": .text(self.idempotencyKey), "status": .count(self.status), "replayed": .bool(self.isReplay),
                "fault": .text(self.fault), "ms": .integer(self.milliseconds),
            ]
        }
    }

    static let capacity = 10_000

    private let entries = Mutex<Deque<Entry>>([])

    func add(_ entry: Entry) {
        self.entries.withLock { entries in
            if entries.count == Self.capacity { entries.removeFirst() }
            entries.append(entry)
        }
    }

    func clear() { self.entries.withLock { $0.removeAll() } }

    /// Those that match, oldest first.
    func entries(method: String?, path: Pattern?) -> [Entry] {
        self.entries.withLock { entries in
            entries.filter { entry in (method.map { $0 == entry.method } ?? true) && (path?.matches(entry.path) ?? true) }
        }
    }
}
