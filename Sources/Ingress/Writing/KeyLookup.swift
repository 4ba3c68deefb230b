import Kit
import Postgres
import Shop
import Synchronization

/// Looks in the inbox for messages with an idempotency key: the requests of a moment together, in one query.
///
/// A request waits for the broker's confirm anyway, so an answer some milliseconds later costs it nothing, and a query each would cost the database as
/// much as the order itself.
final class KeyLookup: Sendable {
    private struct State {
        var waiting: [(id: ID, continuation: CheckedContinuation<String?, Never>)] = []
        var isRunning = false
    }

    /// Queries begin at least so far apart.
    private static let interval = Duration.milliseconds(3)

    private static let find: Statement = """
        select message_id, encode(fingerprint, 'hex') from inbox where message_id = any($1) and fingerprint is not null
        """

    private let pool: PostgresPool
    private let state = Mutex(State())

    init(pool: PostgresPool) {
        self.pool = pool
    }

    /// The fingerprint of a message that was handled; nil if it was not, or while the database is away.
    func fingerprint(of id: ID) async -> String? {
        await withCheckedContinuation { continuation in
            let isFirst = self.state.withLock { state in
                state.waiting.append((id, continuation))
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if isFirst { Task { await self.run() } }
        }
    }

    private func run() async {
        while true {
            let began = ContinuousClock.now
            let waiting = self.state.withLock { state in
                defer { state.waiting = [] }
                if state.waiting.isEmpty { state.isRunning = false }
                return state.waiting
            }
            if waiting.isEmpty { return }
            let known = await self.read(waiting.map(\.id))
            for (id, continuation) in waiting { continuation.resume(returning: known[id]) }
            // Nobody is cancelled here: the task is nobody's.
            try? await Task.sleep(until: began + Self.interval)
        }
    }

    private func read(_ ids: [ID]) async -> [ID: String] {
        // Without the database nothing is known; the message's own id still keeps it from being handled twice.
        guard let rows = try? await self.pool.query(Self.find, ids), let known = try? rows.decode((ID, String).self) else { return [:] }
        return Dictionary(known) { first, _ in first }
    }
}
