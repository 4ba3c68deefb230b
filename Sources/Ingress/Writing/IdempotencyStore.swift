import Conveyor
import EventThread
import Postgres
import Shop
import Synchronization

/// Which body came with an idempotency key: what this ingress has accepted lately, what others say that they have, and what Postgres knows.
///
/// Only Postgres knows for certain, once the message is handled. Until then the first body that was accepted here, or that another ingress told of, holds
/// the key. Where two ingresses accept two bodies at the same moment, the worker handles the first one, and the operation of the other says that the key
/// was reused (see ``OperationID/fingerprints``).
final class IdempotencyStore: Sendable {
    /// What Postgres says of a key.
    enum Handled: Sendable, Equatable {
        /// The message was handled; the fingerprint of its body.
        case with(String)
        /// Nobody has handled it yet.
        case notYet
        /// The database did not say in time.
        case unknown
    }

    /// What will be found of one message, to be asked for once. Until then its asker does something else, without a task for it.
    final class Answer: Sendable {
        private enum State {
            case looking
            case awaited(CheckedContinuation<Handled, Never>)
            case found(Handled)
        }

        fileprivate let id: ID
        private let state: Mutex<State>

        fileprivate init(_ id: ID, _ known: Handled? = nil) {
            self.id = id
            self.state = Mutex(known.map { .found($0) } ?? .looking)
        }

        /// What was found.
        var value: Handled {
            get async {
                await withCheckedContinuation { continuation in
                    let found: Handled? = self.state.withLock { state in
                        if case .found(let value) = state { return value }
                        state = .awaited(continuation)
                        return nil
                    }
                    if let found { continuation.resume(returning: found) }
                }
            }
        }

        /// The first word holds.
        fileprivate func resolve(_ value: Handled) {
            let asker: CheckedContinuation<Handled, Never>? = self.state.withLock { state in
                switch state {
                case .found: return nil
                case .looking:
                    state = .found(value)
                    return nil
                case .awaited(let continuation):
                    state = .found(value)
                    return continuation
                }
            }
            asker?.resume(returning: value)
        }
    }

    private struct Claims {
        var newer: [ID: String] = [:]
        var older: [ID: String] = [:]

        subscript(id: ID) -> String? { self.newer[id] ?? self.older[id] }

        mutating func set(_ id: ID, _ fingerprint: String?) {
            if fingerprint == nil { self.older[id] = nil }
            if self.newer.count >= IdempotencyStore.generation, fingerprint != nil {
                self.older = self.newer
                self.newer = [:]
            }
            self.newer[id] = fingerprint
        }
    }

    private struct Looking {
        var waiting: [Answer] = []
        var isRunning = false
        /// When the last query began.
        var began = ContinuousClock.now
        /// Counts the queries.
        var round = 0
        /// The query under way has taken too long: until it comes back nobody waits for the database.
        var isStuck = false
    }

    /// In place of a fingerprint.
    private static let contested = ""
    /// Two generations of so many claims are kept: some 8 MB at most.
    private static let generation = 20_000
    /// Queries begin at least so far apart: the requests of a moment are looked up together, as a query each would cost the database as much as the order
    /// itself, and a request waits for the broker's confirm anyway.
    private static let interval = Duration.milliseconds(3)
    /// A write waits no longer for the database.
    private static let patience = Duration.milliseconds(250)

    private static let find: Statement = """
        select message_id, encode(fingerprint, 'hex') from inbox where message_id = any($1) and fingerprint is not null
        """

    private let pool: PostgresPool
    private let tasks: EventThreadTasks
    private let claims = Mutex(Claims())
    private let looking = Mutex(Looking())

    /// - Parameter tasks: of the thread that the pool is on.
    init(pool: PostgresPool, tasks: EventThreadTasks) {
        self.pool = pool
        self.tasks = tasks
    }

    // MARK: Claims

    /// What a claim came to.
    enum Claim: Sendable, Equatable {
        /// It is the first: it can be taken back if the message goes to no queue.
        case new
        /// The same body came before, or it is not known here which of two was the first.
        case repeated
        /// Another body came before.
        case taken
    }

    /// Claims a key for a body, at once and for all requests of this ingress.
    func claim(_ id: ID, _ fingerprint: String) -> Claim {
        self.claims.withLock { claims in
            guard let known = claims[id] else {
                claims.set(id, fingerprint)
                return .new
            }
            return known == fingerprint || known == Self.contested ? .repeated : .taken
        }
    }

    /// Takes a claim back: its message is in no queue.
    func withdraw(_ id: ID, _ fingerprint: String) {
        self.claims.withLock { claims in if claims[id] == fingerprint { claims.set(id, nil) } }
    }

    /// Notes whose key it is: Postgres has said so.
    func settle(_ id: ID, _ fingerprint: String) { self.claims.withLock { $0.set(id, fingerprint) } }

    /// Notes a claim that another ingress has told of. If another body was accepted here meanwhile, both are taken until Postgres says which was first.
    func hear(_ id: ID, _ fingerprint: String) {
        if self.claim(id, fingerprint) == .taken { self.claims.withLock { $0.set(id, Self.contested) } }
    }

    // MARK: Postgres

    /// Begins to look for a message.
    func look(for id: ID) -> Answer {
        let answer = Answer(id)
        let (isFirst, isStuck) = self.looking.withLock { looking in
            if looking.isStuck { return (false, true) }
            looking.waiting.append(answer)
            defer { looking.isRunning = true }
            return (!looking.isRunning, false)
        }
        if isStuck { return Answer(id, .unknown) }
        if isFirst { Task(executorPreference: self.tasks) { await self.run() } }
        return answer
    }

    /// What Postgres says of a message whose key another body holds here: rare, and not to be refused on a guess, so it waits for the database.
    func settled(_ id: ID) async -> Handled {
        guard let known = await self.read([id]) else { return .unknown }
        return known[id].map { .with($0) } ?? .notYet
    }

    private func run() async {
        while let due = self.looking.withLock({ looking in
            if looking.waiting.isEmpty { looking.isRunning = false }
            return looking.isRunning ? looking.began + Self.interval : nil
        }) {
            // Nobody is cancelled here: the task is nobody's.
            if due > .now { try? await Task.sleep(until: due) }
            let (waiting, round) = self.looking.withLock { looking in
                defer { looking.waiting = [] }
                looking.began = .now
                looking.round += 1
                return (looking.waiting, looking.round)
            }
            let watch = Task(executorPreference: self.tasks) { await self.giveUp(waiting, in: round, at: .now + Self.patience) }
            let known = await self.read(waiting.map(\.id))
            watch.cancel()
            self.looking.withLock { looking in
                looking.round += 1
                looking.isStuck = false
            }
            for answer in waiting { answer.resolve(known.map { $0[answer.id].map { .with($0) } ?? .notYet } ?? .unknown) }
        }
    }

    /// Lets those go who have waited long enough, and nobody else wait until the database answers again.
    private func giveUp(_ waiting: [Answer], in round: Int, at deadline: ContinuousClock.Instant) async {
        await Deadlines.shared.reached(deadline)
        let more = self.looking.withLock { looking -> [Answer] in
            guard looking.round == round else { return [] }
            defer { looking.waiting = [] }
            looking.isStuck = true
            return looking.waiting
        }
        // What has been answered keeps its answer.
        if !Task.isCancelled { for answer in waiting + more { answer.resolve(.unknown) } }
    }

    private func read(_ ids: [ID]) async -> [ID: String]? {
        // Without the database nothing is known; the message's own id still keeps it from being handled twice.
        guard let rows = try? await self.pool.query(Self.find, ids), let known = try? rows.decode((ID, String).self) else { return nil }
        return Dictionary(known) { first, _ in first }
    }
}
