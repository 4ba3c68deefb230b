import Conveyor
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Synchronization

/// The bulk replays of this console. They run inside it; after a restart it continues those that were running.
final class ReplayJobs: Service {
    private let store: ReplayJobStore
    private let runner: ReplayRunner
    private let logger: Logger
    private let started: AsyncStream<ID>
    private let starter: AsyncStream<ID>.Continuation
    /// Started here and not ended: one that waits for its lock counts as running, too.
    private let inHand = Mutex<Set<ID>>([])

    /// Each uses one connection for its lock and another for its steps. Further ones wait.
    static let sideBySide = 3

    init(pool: PostgresPool, publisher: Publisher, logger: Logger) {
        self.store = ReplayJobStore(pool: pool)
        self.runner = ReplayRunner(pool: pool, publisher: publisher)
        self.logger = logger
        (self.started, self.starter) = AsyncStream.makeStream()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let leftovers: Void = self.resumeLeftovers()
            await withTaskGroup(of: Void.self) { group in
                var running = 0
                for await id in self.started {
                    if running == Self.sideBySide {
                        await group.next()
                        running -= 1
                    }
                    group.addTask { await self.perform(id) }
                    running += 1
                }
                group.cancelAll()
            }
            await leftovers
        }
    }

    // MARK: Actions

    /// Creates a job from a plan and starts it.
    func start(_ plan: ReplayPlan, selection: ReplayJob.Selection, rate: Double?, canary: Int, actor: String) async throws -> ID {
        let id = try await self.store.create(plan, selection: selection, rate: rate, canary: canary, actor: actor)
        _ = try await self.store.serve(id)
        self.take(id)
        return id
    }

    /// Resumes a stopped job, wherever it was begun.
    /// - Returns: false if it is done or unknown.
    func resume(_ id: ID, actor: String) async throws -> Bool {
        guard try await self.store.serve(id) else { return false }
        try await self.store.noteResumption(of: id, by: actor)
        self.take(id)
        return true
    }

    /// Stops a job after the messages on their way.
    /// - Returns: false if it is done or unknown.
    func stop(_ id: ID, actor: String) async throws -> Bool {
        _ = self.inHand.withLock { $0.remove(id) }
        return try await self.store.stop(id, note: "stopped by \(actor)", by: actor)
    }

    /// One job; nil if the id does not exist.
    func find(_ id: ID) async throws -> ReplayJob? { try await self.store.find(id).map(self.seenFromHere) }

    /// The jobs, newest first.
    func list() async throws -> [ReplayJob] { try await self.store.list().map(self.seenFromHere) }

    private func seenFromHere(_ job: ReplayJob) -> ReplayJob {
        guard job.status == .stopped, self.inHand.withLock({ $0.contains(job.id) }) else { return job }
        var job = job
        (job.status, job.note) = (.running, nil)
        return job
    }

    private func take(_ id: ID) {
        _ = self.inHand.withLock { $0.insert(id) }
        self.starter.yield(id)
    }

    // MARK: Running

    private func perform(_ id: ID) async {
        defer { _ = self.inHand.withLock { $0.remove(id) } }
        var pause = Duration.milliseconds(500)
        while !Task.isCancelled {
            do {
                let job = try await self.runner.run(id)
                self.logger.notice(
                    "replay job \(job.status.rawValue)", metadata: ["job": .string(id.description), "left": .stringConvertible(job.left)])
                return
            } catch let error as PostgresError where error.isRetriable {
                // The job's position is stored: it resumes there.
                self.logger.warning("a replay job waits for the database: \(error)", metadata: ["job": .string(id.description)])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            } catch ReplayRunner.Refusal.running {
                // It was stopped and resumed before its first run ended; or another process runs it.
                guard await self.isUnderWay(id) else { return }
                try? await Task.sleep(for: .milliseconds(500))
            } catch is CancellationError {
                return
            } catch {
                self.logger.warning("a replay job was not run: \(error)", metadata: ["job": .string(id.description)])
                return
            }
        }
    }

    private func isUnderWay(_ id: ID) async -> Bool { (try? await self.store.leftovers().contains(id)) ?? true }

    private func resumeLeftovers() async {
        while !Task.isCancelled {
            do {
                for id in try await self.store.leftovers() { self.take(id) }
                return
            } catch {
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
