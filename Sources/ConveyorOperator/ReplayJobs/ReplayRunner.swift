import Conveyor
import Postgres
import RabbitMQ

/// Runs a bulk replay from its current position: the canary first, then the rest at its rate.
///
/// Dead letters are taken, sent and marked in transactions of at most a hundred. A killed process leaves at most the last of them undecided: they are
/// sent again, under the same ids, and take effect once.
struct ReplayRunner: Sendable {
    let pool: PostgresPool
    let publisher: Publisher
    let jobs: ReplayJobStore

    /// The reason for not running a job.
    enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case unknown(ID)
        case done(ID)
        /// Another process is running it.
        case running(ID)

        var description: String {
            switch self {
            case .unknown(let id): "no replay job \(id)"
            case .done(let id): "job \(id) is done"
            case .running(let id): "job \(id) is running already"
            }
        }
    }

    init(pool: PostgresPool, publisher: Publisher) {
        self.pool = pool
        self.publisher = publisher
        self.jobs = ReplayJobStore(pool: pool)
    }

    private static let tryLock: Statement = "select pg_try_advisory_lock($1)"
    private static let unlock: Statement = "select pg_advisory_unlock($1)"
    private static let begin: Statement = "update replay_jobs set status = 'running', ended_at = null, note = null where id = $1"

    /// Runs a job until it is done or stopped.
    /// - Parameters:
    ///   - patience: the time limit of a canary.
    ///   - isCanaryBinding: whether the job stops if its canary is undecided after that; it always stops if one comes back dead.
    ///   - progress: called after each step.
    /// - Returns: its final state.
    /// - Throws: `Refusal`, `PostgresError`.
    func run(
        _ id: ID, patience: Duration = .seconds(60), isCanaryBinding: Bool = true, progress: @escaping @Sendable (ReplayJob) -> Void = { _ in }
    ) async throws -> ReplayJob {
        guard let job = try await self.jobs.find(id) else { throw Refusal.unknown(id) }
        guard job.status != .done else { throw Refusal.done(id) }
        return try await self.pool.withConnection { lock in
            let key = ReplayJobStore.lockKey(of: id)
            guard try await lock.query(Self.tryLock, key).decode(Bool.self).first == true else { throw Refusal.running(id) }
            do {
                try await self.set(Self.begin, id)
                let end = try await self.work(job, patience: patience, isCanaryBinding: isCanaryBinding, progress: progress)
                _ = try? await lock.query(Self.unlock, key)
                return end
            } catch {
                _ = try? await lock.query(Self.unlock, key)
                throw error
            }
        }
    }

    private func work(
        _ start: ReplayJob, patience: Duration, isCanaryBinding: Bool, progress: @escaping @Sendable (ReplayJob) -> Void
    ) async throws -> ReplayJob {
        var job = start
        job.status = .running
        progress(job)
        var bucket = job.rate.map { TokenBucket(rate: $0) }
        var canary = Canary(size: job.canary, alreadySent: job.done)
        var trouble: ContinuousClock.Instant?
        while true {
            let size = min(canary.isOver ? 100 : canary.missing, bucket?.largest ?? 100)
            if let delay = bucket?.take(size), delay > .zero { try await Task.sleep(for: delay) }
            let step = try await ReplayStep.take(job.id, upTo: size, from: self.pool, publisher: self.publisher, actor: job.actor)
            job.done += step.sent.count + step.skipped
            job.left -= step.sent.count + step.skipped
            progress(job)
            switch step.end {
            case .stopped: return try await self.end(job)
            case .nothingLeft:
                try await self.set(Self.finish, job.id)
                return try await self.end(job)
            case .notTaken(let failure):
                // The broker is away, blocked or full: a pause, and an end only if it stays so.
                let since = trouble ?? .now
                trouble = since
                guard .now - since < .seconds(60), failure != .unroutable else {
                    try await self.jobs.stop(job.id, note: "the broker does not take the messages: \(failure)")
                    return try await self.end(job)
                }
                try await Task.sleep(for: .milliseconds(500))
            case .locked: try await Task.sleep(for: .milliseconds(200))
            case .more: trouble = nil
            }
            if !canary.isOver {
                canary.add(step.sent)
                if canary.missing == 0 || job.left == 0, let note = try await canary.verdict(patience, isBinding: isCanaryBinding, in: self.pool) {
                    try await self.jobs.stop(job.id, note: note)
                    return try await self.end(job)
                }
            }
        }
    }

    private static let finish: Statement = "update replay_jobs set status = 'done', ended_at = now() where id = $1 and status = 'running'"

    private func set(_ statement: Statement, _ id: ID) async throws {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            transaction.enqueue(statement, id)
        }
    }

    private func end(_ job: ReplayJob) async throws -> ReplayJob { try await self.jobs.find(job.id) ?? job }
}
