import Conveyor
import HTTPTypes
import Hummingbird

/// `/search?q=`: opens the page of an id, or lists all matches of a text.
struct SearchPage: Sendable {
    let deadLetters: DeadLetterStore
    let jobs: ReplayJobs
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
            // A dead message is found by its own id, too: its dead letter explains more than its trace.
            if let letter = try await self.deadLetters.find(id)?.letter { return .redirect(to: "/dead/\(letter.id)") }
            if try await self.jobs.find(id) != nil { return .redirect(to: "/jobs/\(id)") }
        }
        let hits = try await Search(application: self.deadLetters.application, pool: self.deadLetters.pool).hits(text)
        if hits.count == 1, let hit = hits.first, let path = hit.path {
            // A trace is found by any of its ids.
            return .redirect(to: hit.page == .trace ? "/trace/" + Form.escaped(text.hasPrefix("#") ? String(text.dropFirst()) : text) : path)
        }
        if !hits.isEmpty { return try self.list(hits, text, context) }
        if try await self.deadLetters.count(DeadLetterFilter(group: text.withoutNUL)) > 0 {
            return .redirect(to: "/dead" + Form.query([("group", text)]))
        }
        let filter = DeadLetterFilter(search: text, hidesPayloads: context.may(.seePayloads) ? nil : true)
        if try await !self.deadLetters.list(filter, limit: 1).isEmpty { return .redirect(to: "/dead" + Form.query([("q", text)])) }
        return try self.nothing(text, context)
    }

    private func list(_ hits: [SearchHit], _ text: String, _ context: ConsoleContext) throws -> Response {
        var listing = Listing(title: "Search", summary: text.visible.shortened(to: 100))
        listing.columns = [.init(title: "Kind"), .init(title: "Name"), .init(title: "Details")]
        for hit in hits { listing.add([.text(hit.kind), .text(hit.title, link: hit.path), .long(hit.detail)]) }
        return try self.renderer.respond("listing", title: "Search", search: text, listing, context: context)
    }

    private func nothing(_ text: String, _ context: ConsoleContext) throws -> Response {
        try self.renderer.respond(
            "search", title: "Search", search: text, Content(text: text.visible.shortened(to: 200), isEmpty: text.isEmpty), context: context,
            status: text.isEmpty ? .ok : .notFound)
    }
}
