import Conveyor
import Hummingbird
import Postgres
import RabbitMQ

/// `/dead/replay` and `/dead/discard`: bulk actions. The page first shows the effect; a confirmation covers exactly the dead letters shown.
struct BulkPage: Sendable {
    let deadLetters: DeadLetterStore
    let jobs: ReplayJobs
    let queues: [String]
    let publisher: Publisher
    let renderer: Renderer

    struct Plan: Sendable {
        let subject: String
        let total: String
        let wouldRun: String
        let alreadyApplied: String
        let doesNotDecode: String
        let hasUndecodable: Bool
        /// The number to send; nil if there are none.
        let sent: String?
        let discardLink: String
        let reasons: [Reason]
        /// Separated by commas; empty if there are so many that the group or the queue is named instead.
        let ids: String
        let isOpenEnded: Bool
        let group: String?
        let queue: String?
        let canary: String
        /// The repair of an edited one with this cause; nil if there is none.
        let repair: RepairOffer?
    }

    /// The same repair for all.
    struct RepairOffer: Sendable {
        let id: String
        let link: String
        let steps: [String]
        let isWithinLimit: Bool
    }

    struct Reason: Sendable {
        let count: String
        let text: String
    }

    struct Discard: Sendable {
        let subject: String
        let total: String
        let ids: String
        let problem: String?
    }

    /// More are repaired on the command line: each takes a transaction, and the browser waits for the last.
    private static let mostRepairs = 2000

    /// The limit of ids in a page.
    private static let mostIDs = 20_000

    func add(to router: Router<ConsoleContext>) {
        router.get("/dead/replay", use: self.showPlan)
        router.post("/dead/replay", use: self.replay)
        router.post("/dead/repair", use: self.repair)
        router.get("/dead/discard", use: self.showDiscard)
        router.post("/dead/discard", use: self.discard)
    }

    // MARK: Replay

    @Sendable func showPlan(_ request: Request, context: ConsoleContext) async throws -> Response {
        let asked = try ReplayRequest(request.fields, queues: self.queues)
        let plan = try await self.plan(asked)
        let isOpenEnded = asked.ids.isEmpty && plan.letters.count > Self.mostIDs
        let content = Plan(
            subject: asked.subject, total: Quantity.count(plan.letters.count, "dead letter"), wouldRun: Quantity.count(plan.wouldRun),
            alreadyApplied: Quantity.count(plan.alreadyApplied), doesNotDecode: Quantity.count(plan.leftOut),
            hasUndecodable: plan.leftOut > 0,
            sent: plan.leftOut < plan.letters.count
                ? Quantity.count(plan.letters.count - plan.leftOut, "dead letter") : nil,
            discardLink: "/dead/discard"
                + Form.query([
                    ("group", asked.group), ("queue", asked.queue),
                    ("ids", asked.ids.isEmpty ? nil : asked.ids.map(\.description).joined(separator: ",")),
                ]),
            reasons: plan.reasons.prefix(10).map { .init(count: Quantity.count($0.count), text: $0.reason.visible) },
            ids: isOpenEnded ? "" : plan.letters.map(\.id.description).joined(separator: ","), isOpenEnded: isOpenEnded, group: asked.group,
            queue: asked.queue,
            canary: plan.wouldRun > 1 ? "1" : "0", repair: try await self.offer(asked, count: plan.letters.count, context))
        return try self.renderer.respond("replay", title: "Replay", section: "/dead", content, context: context)
    }

    @Sendable func replay(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .replay)
        let asked = try ReplayRequest(context.form, queues: self.queues)
        let plan = try await self.plan(asked)
        let job = try await self.jobs.start(
            plan, selection: asked.selection, rate: asked.rate, canary: asked.canary, actor: actor)
        return .redirect(to: "/jobs/\(job)")
    }

    private func offer(_ asked: ReplayRequest, count: Int, _ context: ConsoleContext) async throws -> RepairOffer? {
        guard context.may(.replay), let group = asked.group, let last = try await self.deadLetters.lastRepair(ofGroup: group) else { return nil }
        return RepairOffer(
            id: last.id.description, link: "/dead/\(last.id)", steps: last.repair.steps.map { $0.description.visible.shortened(to: 500) },
            isWithinLimit: count <= Self.mostRepairs)
    }

    /// Repairs all like the edited one. Those that the repair does not fit stay open, in the list.
    @Sendable func repair(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .replay)
        let asked = try ReplayRequest(context.form, queues: self.queues)
        guard let like = context.form.text("like").flatMap({ ID($0) }), let repair = try await self.deadLetters.repair(of: like) else {
            throw PageError(.notFound, "That dead letter was not edited, or not in a way that can be repeated. Edit and replay one first.")
        }
        let ids = try await self.open(asked)
        guard ids.count <= Self.mostRepairs else {
            throw PageError(
                .unprocessableContent,
                "More than \(Quantity.count(Self.mostRepairs)) dead letters match; use conveyor dead replay --group G --like ID.")
        }
        let acts = self.acts(by: actor)
        let outcome = try await acts.replay(ids, repairedBy: repair)
        let notice: Notice = outcome.left.isEmpty ? .repaired : .repairedSome
        return .redirect(
            to: "/dead" + Form.query([("status", "open"), ("group", outcome.left.isEmpty ? nil : asked.group), ("notice", notice.rawValue)]))
    }

    private func acts(by actor: String) -> DeadLetterActs {
        DeadLetterActs(application: self.deadLetters.application, pool: self.deadLetters.pool, publisher: self.publisher, actor: actor)
    }

    private func plan(_ asked: ReplayRequest) async throws -> ReplayPlan {
        let plan =
            asked.ids.isEmpty
            ? try await ReplayPlan.of(asked.filter, in: self.deadLetters) : try await ReplayPlan.of(asked.ids, in: self.deadLetters)
        guard !plan.letters.isEmpty else { throw PageError(.notFound, "No open dead letters \(asked.subject) are left.") }
        return plan
    }

    // MARK: Discard

    @Sendable func showDiscard(_ request: Request, context: ConsoleContext) async throws -> Response {
        try await self.discardPage(try ReplayRequest(request.fields, queues: self.queues), context)
    }

    @Sendable func discard(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .discard)
        let asked = try ReplayRequest(context.form, queues: self.queues)
        guard let reason = context.form.text("reason") else {
            return try await self.discardPage(asked, context, problem: "Give a reason; it is kept in the history.")
        }
        let ids = try await self.open(asked)
        let acts = self.acts(by: actor)
        guard try await !acts.discard(ids, reason: String(reason.prefix(1000))).isEmpty else {
            throw PageError(.notFound, "No open dead letters \(asked.subject) are left.")
        }
        return .redirect(to: "/dead?status=open&notice=\(Notice.discarded.rawValue)")
    }

    private func discardPage(_ asked: ReplayRequest, _ context: ConsoleContext, problem: String? = nil) async throws -> Response {
        let ids = try await self.open(asked)
        let content = Discard(
            subject: asked.subject, total: Quantity.count(ids.count, "dead letter"), ids: ids.map(\.description).joined(separator: ","),
            problem: problem)
        return try self.renderer.respond(
            "discard", title: "Discard", section: "/dead", content, context: context, status: problem == nil ? .ok : .unprocessableContent)
    }

    private func open(_ asked: ReplayRequest) async throws -> [ID] {
        try await self.plan(asked).letters.map(\.id)
    }
}
