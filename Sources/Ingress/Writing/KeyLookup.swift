import EventThread
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
        /// When the last query began.
        var began = ContinuousClock.now
    }

    /// Queries begin at least so far apart.
    private static let interval = Duration.milliseconds(3)

    private static let find: Statement = """
        select message_id, encode(fingerprint, 'hex') from inbox where message_id = any($1) and fingerprint is not null
        """

    private let pool: PostgresPool
    private let tasks: EventThreadTasks
    private let state = Mutex(State())

    /// - Parameter tasks: of the thread that the pool is on.
    init(pool: PostgresPool, tasks: EventThreadTasks) {
        self.pool = pool
        self.tasks = tasks
    }

    /// The fingerprint of a message that was handled; nil if it was not, or while the database is away.
    func fingerprint(of id: ID) async -> String? {
        await withCheckedContinuation { continuation in
            let isFirst = self.state.withLock { state in
                state.waiting.append((id, continuation))
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if isFirst { Task(executorPreference: self.tasks) { await self.run() } }
        }
    }

    private func run() async {
        while let due = self.state.withLock({ state in
            if state.waiting.isEmpty { state.isRunning = false }
            return state.isRunning ? state.began + Self.interval : nil
        }) {
            // Nobody is cancelled here: the task is nobody's.
            if due > .now { try? await Task.sleep(until: due) }
            let waiting = self.state.withLock { state in
                defer { state.waiting = [] }
                state.began = .now
                return state.waiting
            }
            let known = await self.read(waiting.map(\.id))
            for (id, continuation) in waiting { continuation.resume(returning: known[id]) }
        }
    }

    private func read(_ ids: [ID]) async -> [ID: String] {
        // Without the database nothing is known; the message's own id still keeps it from being handled twice.
        guard let rows = try? await self.pool.query(Self.find, ids), let known = try? rows.decode((ID, String).self) else { return [:] }
        return Dictionary(known) { first, _ in first }
    }
}
