import Conveyor
import Hummingbird

/// `/jobs` and `/jobs/{id}`: bulk replays, their progress, and buttons to stop and resume them.
struct JobsPage: Sendable {
    let jobs: ReplayJobs
    let renderer: Renderer

    struct List: Sendable {
        let jobs: [Job]
        let hasJobs: Bool
    }

    struct Job: Sendable {
        let id: String
        let subject: String
        let status: String
        let total: String
        let done: String
        let left: String
        let failed: String
        let hasFailed: Bool
        let rate: String
        let canary: String
        let actor: String
        let at: Moment
        let endedAt: Moment?
        let note: String?
        /// For `<progress>`.
        let value: Int
        let maximum: Int
        let percent: String
        let isRunning: Bool
        let canResume: Bool

        init(_ job: ReplayJob, now: Int64) {
            let filter = job.selection.filter
            let sendable = job.total - job.failed
            self.id = job.id.description
            self.subject =
                filter?.group.map { "cause \($0)" } ?? filter?.queue.map { "all of \($0)" }
                ?? job.selection.ids.map { Quantity.count($0, "letter") } ?? "a selection"
            self.status = job.status.rawValue
            self.total = Quantity.count(job.total)
            self.done = Quantity.count(job.done)
            self.left = Quantity.count(job.left)
            self.failed = Quantity.count(job.failed)
            self.hasFailed = job.failed > 0
            self.rate = job.rate.map { "\(Quantity.rate($0)) a second" } ?? "as fast as confirmed"
            self.canary = job.canary == 0 ? "none" : Quantity.count(job.canary)
            self.actor = job.actor.visible
            self.at = Moment(job.at, now: now)
            self.endedAt = job.endedAt.map { Moment($0, now: now) }
            self.note = job.note?.visible
            self.value = job.done
            self.maximum = max(1, sendable)
            self.percent = sendable == 0 ? "100 %" : "\(100 * job.done / sendable) %"
            self.isRunning = job.status == .running
            self.canResume = job.status == .stopped && job.left > 0
        }
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/jobs", use: self.list)
        router.get("/jobs/:id", use: self.show)
        router.post("/jobs/:id/stop", use: self.stop)
        router.post("/jobs/:id/resume", use: self.resume)
    }

    @Sendable func list(_ request: Request, context: ConsoleContext) async throws -> Response {
        let now = Clock.milliseconds()
        let jobs = try await self.jobs.list().map { Job($0, now: now) }
        return try self.renderer.respond(
            "jobs", title: "Replays", section: "/jobs", List(jobs: jobs, hasJobs: !jobs.isEmpty), context: context)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let id = try Self.id(context)
        guard let job = try await self.jobs.find(id) else { throw Self.unknown(id.description) }
        return try self.renderer.respond(
            "job", title: "Replay", section: "/jobs", notice: request.fields["notice"].flatMap { Notice(rawValue: $0)?.text },
            Job(job, now: Clock.milliseconds()), context: context)
    }

    @Sendable func stop(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .replay)
        let id = try Self.id(context)
        guard try await self.jobs.stop(id, actor: actor) else { throw try await self.refusal(id) }
        return .redirect(to: "/jobs/\(id)?notice=\(Notice.jobStopped.rawValue)")
    }

    @Sendable func resume(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .replay)
        let id = try Self.id(context)
        guard try await self.jobs.resume(id, actor: actor) else { throw try await self.refusal(id) }
        return .redirect(to: "/jobs/\(id)?notice=\(Notice.jobResumed.rawValue)")
    }

    private func refusal(_ id: ID) async throws -> PageError {
        guard let job = try await self.jobs.find(id) else { return Self.unknown(id.description) }
        return PageError(.conflict, "This replay is \(job.status.rawValue).")
    }

    private static func id(_ context: ConsoleContext) throws -> ID {
        let text = try context.parameters.require("id")
        guard let id = ID(text) else { throw self.unknown(text.visible.shortened(to: 100)) }
        return id
    }

    private static func unknown(_ id: String) -> PageError { PageError(.notFound, "There is no replay \(id).") }
}
