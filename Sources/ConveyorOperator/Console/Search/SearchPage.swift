import Conveyor
import HTTPTypes
import Hummingbird
import Shop

/// `/search?q=`: opens the page of an id, or lists all matches of a text; and `/customers/{id}`.
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
        router.get("/customers/:id", use: self.showCustomer)
    }

    @Sendable func search(_ request: Request, context: ConsoleContext) async throws -> Response {
        guard let text = request.fields.text("q") else { return try self.nothing("", context) }
        if self.queues.contains(text) { return .redirect(to: "/dead" + Form.query([("queue", text)])) }
        if let id = ID(text) {
            // A dead message is found by its own id, too: its dead letter explains more than its trace.
            if let letter = try await self.deadLetters.find(id)?.letter { return .redirect(to: "/dead/\(letter.id)") }
            if try await self.jobs.find(id) != nil { return .redirect(to: "/jobs/\(id)") }
        }
        let hits = try await Search(pool: self.deadLetters.pool).hits(text)
        if hits.count == 1, let hit = hits.first, let path = hit.path {
            // An order is found by any of its ids.
            return .redirect(to: hit.kind == .order ? "/trace/" + Form.escaped(text.hasPrefix("#") ? String(text.dropFirst()) : text) : path)
        }
        if !hits.isEmpty { return try self.list(hits, text, context) }
        if try await self.deadLetters.count(DeadLetterFilter(group: text.withoutNUL)) > 0 {
            return .redirect(to: "/dead" + Form.query([("group", text)]))
        }
        let filter = DeadLetterFilter(search: text, hidesPayloads: context.may(.seePayloads) ? nil : true)
        if try await !self.deadLetters.list(filter, limit: 1).isEmpty { return .redirect(to: "/dead" + Form.query([("q", text)])) }
        return try self.nothing(text, context)
    }

    private func list(_ hits: [Search.Hit], _ text: String, _ context: ConsoleContext) throws -> Response {
        var listing = Listing(title: "Search", summary: text.visible.shortened(to: 100))
        listing.columns = [.init(title: "Kind"), .init(title: "Name"), .init(title: "Details")]
        for hit in hits { listing.add([.text(hit.kind.rawValue), .text(hit.title, link: hit.path), .long(hit.detail)]) }
        return try self.renderer.respond("listing", title: "Search", search: text, listing, context: context)
    }

    private func nothing(_ text: String, _ context: ConsoleContext) throws -> Response {
        try self.renderer.respond(
            "search", title: "Search", search: text, Content(text: text.visible.shortened(to: 200), isEmpty: text.isEmpty), context: context,
            status: text.isEmpty ? .ok : .notFound)
    }

    // MARK: Customers

    struct CustomerContent: Sendable {
        let email: String
        let facts: [DeadLetterContent.Fact]
        let orders: [OrderRow]
        let hasOrders: Bool
        let events: [EventRow]
        let hasEvents: Bool
    }

    struct OrderRow: Sendable {
        let number: String
        let status: String
        let payment: String
        let total: String
        let at: Moment
    }

    struct EventRow: Sendable {
        let at: Moment
        let what: String
        let detail: String
        let link: String?
    }

    @Sendable func showCustomer(_ request: Request, context: ConsoleContext) async throws -> Response {
        let text = try context.parameters.require("id")
        guard let id = ID(text), let customer = try await Customer.find(id, in: self.deadLetters.pool) else {
            throw PageError(.notFound, "There is no customer \(text.visible.shortened(to: 100)).")
        }
        let now = Clock.milliseconds()
        let content = CustomerContent(
            email: customer.email.visible,
            facts: [
                .init("Name", customer.name ?? "–"), .init("Account", customer.isActive ? "active" : "inactive"),
                .init("Since", Moment(customer.since, now: now)), .init("Id", customer.id.description),
            ],
            orders: customer.orders.map {
                OrderRow(number: $0.number, status: $0.status, payment: $0.paymentStatus, total: $0.total, at: Moment($0.at, now: now))
            }, hasOrders: !customer.orders.isEmpty,
            events: customer.events.map { EventRow(at: Moment($0.at, now: now), what: $0.what.visible, detail: $0.detail.visible, link: $0.path) },
            hasEvents: !customer.events.isEmpty)
        return try self.renderer.respond("customer", title: customer.email.visible, content, context: context)
    }
}
