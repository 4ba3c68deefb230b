import Conveyor
import Hummingbird
import Postgres

/// `POST /queues/{name}/pause` and `/resume`, for one queue or `all`.
struct QueueActs: Sendable {
    let pool: PostgresPool
    let queues: [String]
    let watch: Watch

    func add(to router: Router<ConsoleContext>) {
        // No queue is called "all".
        router.post("/queues/:name/pause") { _, context in try await self.set(paused: true, context) }
        router.post("/queues/:name/resume") { _, context in try await self.set(paused: false, context) }
    }

    private func set(paused: Bool, _ context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .pause)
        let name = try context.parameters.require("name")
        let queues = name == "all" ? self.queues : self.queues.filter { $0 == name }
        guard !queues.isEmpty else { throw PageError(.notFound, "There is no queue \(name.visible.shortened(to: 100)).") }
        try await QueueControls(pool: self.pool, actor: actor).set(paused: paused, queues, reason: context.form.text("reason"))
        _ = await self.watch.afterwards()
        return .redirect(to: "/?notice=\((paused ? Notice.paused : Notice.resumed).rawValue)")
    }
}
