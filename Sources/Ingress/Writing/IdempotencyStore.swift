import Conveyor
import EventThread
import Postgres
import Shop
import Synchronization

/// The bodies of idempotency keys: those that this ingress has recently accepted, those that others have announced, and those in Postgres.
///
/// Only Postgres is certain, once the message is handled. Until then the first body that this ingress accepted, or that another one announced, holds
/// the key. If two ingresses accept two bodies at the same moment, the worker handles the first one, and the operation of the other reports that the
/// key was reused (see ``OperationID/fingerprints``).
final class IdempotencyStore: Sendable {
    /// The database's answer about a key.
    enum Handled: Sendable, Equatable {
        /// The message was handled; the fingerprint of its body.
        case with(String)
        /// The message has not been handled.
        case notYet
        /// The database did not answer in time.
        case unknown
    }

    /// The future result for one message, awaited once. Until then the caller goes on, without a task.
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

        /// The result.
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

        /// The first answer counts.
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
        /// The number of queries so far.
        var round = 0
        /// Whether the running query has taken too long: until it returns, no request waits for the database.
        var isStuck = false
    }

    /// Marks a key that several bodies claim, in place of a fingerprint.
    private static let contested = ""
    /// Claims per generation, two of which are kept: at most some 8 MB.
    private static let generation = 20_000
    /// The minimum interval of queries: one query looks up the requests of a moment together. A query for each would cost the database as much as the
    /// order itself, and each request waits for its confirm anyway.
    private static let interval = Duration.milliseconds(3)
    /// The limit of a write's wait for the database.
    private static let patience = Duration.milliseconds(250)

    private static let find: Statement = """
        select message_id, encode(fingerprint, 'hex') from inbox where message_id = any($1) and fingerprint is not null
        """

    private let pool: PostgresPool
    private let tasks: EventThreadTasks
    private let claims = Mutex(Claims())
    private let looking = Mutex(Looking())

    /// - Parameter tasks: the executor on the pool's thread.
    init(pool: PostgresPool, tasks: EventThreadTasks) {
        self.pool = pool
        self.tasks = tasks
    }

    // MARK: Claims

    /// The result of a claim.
    enum Claim: Sendable, Equatable {
        /// The first claim; it can be taken back if the message reaches no queue.
        case new
        /// The same body came before, or the order of two bodies is unknown here.
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

    /// Notes the owner of a key, as Postgres knows it.
    func settle(_ id: ID, _ fingerprint: String) { self.claims.withLock { $0.set(id, fingerprint) } }

    /// Notes another ingress' claim. If this ingress accepted a different body meanwhile, both hold the key until Postgres decides.
    func hear(_ id: ID, _ fingerprint: String) {
        if self.claim(id, fingerprint) == .taken { self.claims.withLock { $0.set(id, Self.contested) } }
    }

    // MARK: Postgres

    /// Starts the lookup of a message.
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

    /// The database's answer about a key that another body holds here. This is rare, and a guess must not refuse a request, so it waits for the
    /// database.
    func settled(_ id: ID) async -> Handled {
        guard let known = await self.read([id]) else { return .unknown }
        return known[id].map { .with($0) } ?? .notYet
    }

    private func run() async {
        while let due = self.looking.withLock({ looking in
            if looking.waiting.isEmpty { looking.isRunning = false }
            return looking.isRunning ? looking.began + Self.interval : nil
        }) {
            // An unstructured task, which is never cancelled.
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

    /// Ends the waits that have taken too long; no further request waits until the database answers again.
    private func giveUp(_ waiting: [Answer], in round: Int, at deadline: ContinuousClock.Instant) async {
        await Deadlines.shared.reached(deadline)
        let more = self.looking.withLock { looking -> [Answer] in
            guard looking.round == round else { return [] }
            defer { looking.waiting = [] }
            looking.isStuck = true
            return looking.waiting
        }
        // Answered lookups keep their answers.
        if !Task.isCancelled { for answer in waiting + more { answer.resolve(.unknown) } }
    }

    private func read(_ ids: [ID]) async -> [ID: String]? {
        // Without the database nothing is known; the message id still prevents a second handling.
        guard let rows = try? await self.pool.query(Self.find, ids), let known = try? rows.decode((ID, String).self) else { return nil }
        return Dictionary(known) { first, _ in first }
    }
}
