import Hummingbird
import Conveyor
import ConveyorOperator
import Postgres
import RabbitMQ

/// `/webhooks`: the endpoints of partners; `/webhooks/{id}`: the deliveries to one.
struct WebhooksPage: Sendable {
    let pool: PostgresPool
    let publisher: Publisher
    let renderer: Renderer

    private static let mostRows = 200

    /// The result of an action, as a code in the query.
    private enum Notice: String {
        case pinged, redelivered

        var text: String {
            switch self {
            case .pinged: "The ping is sent in a moment, and listed here as webhook.ping."
            case .redelivered: "It is sent again in a moment, under the same webhook-id."
            }
        }
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/webhooks", use: self.showEndpoints)
        router.get("/webhooks/:id", use: self.showDeliveries)
        router.post("/webhooks/:id/ping") { _, context in
            let id = try context.parameters.require("id")
            try await self.change(id, .ping, context)
            return Response.redirect(to: "/webhooks/\(Form.escaped(id))?notice=\(Notice.pinged.rawValue)")
        }
        router.post("/webhooks/:id/redeliver/:delivery") { _, context in
            let id = try context.parameters.require("id")
            try await self.change(try context.parameters.require("delivery"), .redeliver, context)
            return Response.redirect(to: "/webhooks/\(Form.escaped(id))?notice=\(Notice.redelivered.rawValue)")
        }
    }

    private func change(_ id: String, _ change: WebhookBoard.Change, _ context: ConsoleContext) async throws {
        let actor = try context.actor(for: .send)
        _ = try await WebhookBoard(pool: self.pool).change(id, change, by: actor, publisher: self.publisher)
    }

    @Sendable private func showEndpoints(_ request: Request, context: ConsoleContext) async throws -> Response {
        let now = Clock.milliseconds()
        var listing = Listing(title: "Webhooks")
        listing.columns = [
            .init(title: "Endpoint"), .init(title: "Events"), .init(title: "State"), .init(title: "Delivered, day", isNumber: true),
            .init(title: "Pending", isNumber: true), .init(title: "Failed, day", isNumber: true), .init(title: "Failing since"),
        ]
        for endpoint in try await WebhookBoard(pool: self.pool).endpoints() {
            listing.add(
                [
                    .text(endpoint.url, link: "/webhooks/\(endpoint.id)"), .text(endpoint.events.joined(separator: " ")),
                    endpoint.isActive ? .badge("on") : .badge(endpoint.offReason.map { "off: \($0)" } ?? "off", tone: "paused"),
                    .number(Quantity.count(Int(endpoint.delivered))), .number(Quantity.count(Int(endpoint.pending))),
                    .number(Quantity.count(Int(endpoint.failed)), tone: endpoint.failed > 0 ? "warn" : "zero"),
                    .text(endpoint.failingSince.map { Moment($0, now: now).ago } ?? "–"),
                ],
                acts: context.may(.send) ? [.init(name: "Ping", subject: endpoint.url, path: "/webhooks/\(endpoint.id)/ping")] : [])
        }
        listing.none = "No partner has an endpoint. Staff register them: POST /api/v1/webhook-endpoints."
        return try self.renderer.respond("listing", title: "Webhooks", section: "/webhooks", listing, context: context)
    }

    @Sendable private func showDeliveries(_ request: Request, context: ConsoleContext) async throws -> Response {
        let board = WebhookBoard(pool: self.pool)
        let text = try context.parameters.require("id")
        guard let id = ID(text), let endpoint = try await board.endpoints().first(where: { $0.id == id }) else {
            throw NothingFound("no endpoint \(text.onOneLine)")
        }
        let now = Clock.milliseconds()
        let fields = request.fields
        let statuses = ["pending", "delivered", "failed"]
        let status = fields.text("status").flatMap { statuses.contains($0) ? $0 : nil }
        var listing = Listing(title: endpoint.url, summary: endpoint.description)
        listing.filter = .init(
            action: "/webhooks/\(id)", fields: [.choice("status", "Status", statuses, chosen: status, any: "any")])
        listing.columns = [
            .init(title: "Event"), .init(title: "Made"), .init(title: "Status"), .init(title: "Attempts", isNumber: true),
            .init(title: "Answer", isNumber: true), .init(title: "Took", isNumber: true), .init(title: "Next attempt"), .init(title: "Error"),
        ]
        for delivery in try await board.deliveries(of: id, status: status, limit: Self.mostRows) {
            listing.add(
                [
                    .text(delivery.type, link: "/trace/\(delivery.eventID)"), .text(Moment(delivery.createdAt, now: now).ago),
                    .badge(delivery.status, tone: delivery.status == "delivered" ? "succeeded" : delivery.status), .number("\(delivery.attempts)"),
                    .number(delivery.answerStatus.map { "\($0)" } ?? "–"),
                    .number(delivery.answerMilliseconds.map { Quantity.span(milliseconds: Double($0)) } ?? "–"),
                    .text(delivery.nextAttemptAt.map { Moment($0, now: now).ago } ?? "–"), .long(delivery.error ?? ""),
                ],
                acts: context.may(.send)
                    ? [.init(name: "Send again", subject: delivery.type, path: "/webhooks/\(id)/redeliver/\(delivery.id)")] : [])
        }
        listing.none = "No deliveries."
        // A secret is sealed under SECRET_KEY, which the console does not know.
        listing.note = """
            The newest \(Self.mostRows). The answers' texts: GET /api/v1/webhook-endpoints/\(id)/deliveries. \
            A new secret: conveyor webhooks rotate \(id)
            """
        return try self.renderer.respond(
            "listing", title: "Webhooks", section: "/webhooks", notice: fields["notice"].flatMap { Notice(rawValue: $0)?.text }, listing,
            context: context)
    }
}
