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
    /// What will be found of one message, to be asked for once. Until then its asker does something else, without a task for it.
    final class Answer: Sendable {
        private enum State {
            case looking
            case awaited(CheckedContinuation<String?, Never>)
            case found(String?)
        }

        fileprivate let id: ID
        private let state = Mutex(State.looking)

        fileprivate init(_ id: ID) { self.id = id }

        /// The fingerprint of a message that was handled; nil if it was not, or while the database is away.
        var fingerprint: String? {
            get async {
                await withCheckedContinuation { continuation in
                    let found: String?? = self.state.withLock { state in
                        if case .found(let fingerprint) = state { return .some(fingerprint) }
                        state = .awaited(continuation)
                        return nil
                    }
                    if let found { continuation.resume(returning: found) }
                }
            }
        }

        fileprivate func resolve(_ fingerprint: String?) {
            let asker = self.state.withLock { state in
                defer { state = .found(fingerprint) }
                if case .awaited(let continuation) = state { return continuation as CheckedContinuation? }
                return nil
            }
            asker?.resume(returning: fingerprint)
        }
    }

    private struct State {
        var waiting: [Answer] = []
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

    /// Begins to look for a message.
    func look(for id: ID) -> Answer {
        let answer = Answer(id)
        let isFirst = self.state.withLock { state in
            state.waiting.append(answer)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { Task(executorPreference: self.tasks) { await self.run() } }
        return answer
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
            for answer in waiting { answer.resolve(known[answer.id]) }
        }
    }

    private func read(_ ids: [ID]) async -> [ID: String] {
        // Without the database nothing is known; the message's own id still keeps it from being handled twice.
        guard let rows = try? await self.pool.query(Self.find, ids), let known = try? rows.decode((ID, String).self) else { return [:] }
        return Dictionary(known) { first, _ in first }
    }
}
