import Hummingbird
import Kit
import Postgres

/// `POST /queues/{name}/pause` and `/resume`.
struct QueueActs: Sendable {
    let pool: PostgresPool
    let queues: [String]
    let watch: Watch

    func add(to router: Router<ConsoleContext>) {
        router.post("/queues/:name/pause") { _, context in try await self.set(paused: true, context) }
        router.post("/queues/:name/resume") { _, context in try await self.set(paused: false, context) }
    }

    private func set(paused: Bool, _ context: ConsoleContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard self.queues.contains(name) else { throw PageError(.notFound, "There is no queue \(name.visible.shortened(to: 100)).") }
        try await QueueControls(pool: self.pool, actor: context.actor).set(paused: paused, name)
        _ = await self.watch.afterwards()
        return .redirect(to: "/?notice=\((paused ? Notice.paused : Notice.resumed).rawValue)")
    }
}
