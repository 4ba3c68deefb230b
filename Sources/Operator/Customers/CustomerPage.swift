import Conveyor
import ConveyorOperator
import HTTPTypes
import Hummingbird
import Postgres

/// `/customers/{id}`: a customer with orders, events, dead letters and e-mails.
struct CustomerPage: Sendable {
    let pool: PostgresPool
    let renderer: Renderer

    func add(to router: Router<ConsoleContext>) {
        router.get("/customers/:id", use: self.show)
    }

    struct Content: Sendable {
        let email: String
        let facts: [Fact]
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

    @Sendable private func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let text = try context.parameters.require("id")
        guard let id = ID(text), let customer = try await Customer.find(id, in: self.pool) else {
            throw PageError(.notFound, "There is no customer \(text.visible.shortened(to: 100)).")
        }
        let now = Clock.milliseconds()
        let content = Content(
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
