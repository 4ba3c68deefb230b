import Hummingbird
import Kit
import Shop

/// `/search?q=`: goes to whatever has that id, or to the dead letters in which the text stands.
struct SearchPage: Sendable {
    let deadLetters: DeadLetterStore
    let jobs: ReplayJobs
    let traces: TraceStore
    let queues: [String]
    let renderer: Renderer

    struct Content: Sendable {
        let text: String
        let isEmpty: Bool
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/search", use: self.search)
    }

    @Sendable func search(_ request: Request, context: ConsoleContext) async throws -> Response {
        guard let text = request.fields.text("q") else { return try self.nothing("", context) }
        if self.queues.contains(text) { return .redirect(to: "/dead" + Form.query([("queue", text)])) }
        if let id = ID(text) {
            // A message that is dead is found by its own id, too: its letter says more than its trace.
            if let letter = try await self.deadLetters.find(id)?.letter { return .redirect(to: "/dead/\(letter.id)") }
            if try await self.jobs.find(id) != nil { return .redirect(to: "/jobs/\(id)") }
        }
        if try await !self.traces.find(text).isEmpty { return .redirect(to: "/trace/" + Form.escaped(text)) }
        if try await self.deadLetters.count(DeadLetterFilter(group: text)) > 0 { return .redirect(to: "/dead" + Form.query([("group", text)])) }
        if try await !self.deadLetters.list(DeadLetterFilter(search: text), limit: 1).isEmpty {
            return .redirect(to: "/dead" + Form.query([("q", text)]))
        }
        return try self.nothing(text, context)
    }

    private func nothing(_ text: String, _ context: ConsoleContext) throws -> Response {
        try self.renderer.respond(
            "search", title: "Search", search: text, Content(text: text.visible.shortened(to: 200), isEmpty: text.isEmpty), context: context,
            status: text.isEmpty ? .ok : .notFound)
    }
}
