import Conveyor
import HTTPTypes
import Hummingbird
import Postgres
import Shop

/// `/trace/{id}`: the whole chain of an order, operation, message or Stripe object, over time and as a tree.
struct TracePage: Sendable {
    let traces: TraceStore
    let renderer: Renderer

    struct Content: Sendable {
        let heading: String
        let figures: [Figure]
        let picture: TracePicture
        let tree: String
        /// Whether more may follow.
        let isOpen: Bool
    }

    struct Figure: Sendable {
        let name: String
        let value: String
        let tone: String
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/trace/:id", use: self.show)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        // A client may have escaped the sign of an order number.
        let raw = try context.parameters.require("id").replacing("+", with: "%2B").replacing("&", with: "%26")
        let id = Form("id=" + raw)["id"] ?? ""
        let roots = try await self.traces.find(id)
        guard !roots.isEmpty else {
            throw PageError(.notFound, "No order, operation or message has the id \(id.visible.shortened(to: 100)), or its history has expired.")
        }
        let order = try await self.head(roots.lazy.flatMap(\.all).compactMap(\.orderID).first)
        return try self.renderer.respond(
            "trace", title: order ?? "Trace", search: id, Self.content(id, roots, order: order, now: Clock.milliseconds()), context: context)
    }

    private static let order: Statement = "select number, status, payment_status, total_amount, currency from orders where id = $1"

    /// `Order #1002 · paid · $80.00`
    private func head(_ order: ID?) async throws -> String? {
        guard let order, let row = try await self.traces.pool.query(Self.order, order).first else { return nil }
        let (number, status, payment, total, currency) = try row.decode((Int64, String, String, Int64, String).self)
        return "Order #\(number) · \(status)" + (payment == status ? "" : " · payment \(payment)") + " · \(Money(total, currency))"
    }

    /// - Parameter order: the trace's order, for the heading.
    static func content(_ id: String, _ roots: [TraceNode], order: String? = nil, now: Int64) -> Content {
        let nodes = roots.flatMap(\.all)
        let times = nodes.map { node in (from: Clock.milliseconds(node.at), to: Clock.milliseconds(node.at) + Int64(node.ms ?? 0)) }
        let (first, last) = (times.map(\.from).min() ?? now, times.map(\.to).max() ?? now)
        let messages = nodes.count { $0.kind == .message }
        let failures = nodes.count(where: \.isFailure)
        let dead = nodes.count { $0.kind == .dead }
        let waiting = nodes.count(where: \.isWaiting)
        var figures = [
            Figure(name: "began \(Moment(milliseconds: first, now: now).ago)", value: Moment(milliseconds: first, now: now).clock, tone: ""),
            Figure(name: "from first to last", value: Quantity.span(milliseconds: Double(last - first)), tone: ""),
            Figure(name: messages == 1 ? "message" : "messages", value: Quantity.count(messages), tone: ""),
            Figure(name: "not handled yet", value: Quantity.count(waiting), tone: waiting > 0 ? "warn" : ""),
            Figure(name: "failed attempts and calls", value: Quantity.count(failures), tone: failures > 0 ? "bad" : ""),
        ]
        if dead > 0 { figures.append(Figure(name: dead == 1 ? "dead letter" : "dead letters", value: Quantity.count(dead), tone: "bad")) }
        return Content(
            heading: order ?? nodes.lazy.compactMap(\.orderID).first.map { "Order \($0)" } ?? id.visible.shortened(to: 120), figures: figures,
            picture: TracePicture(roots, now: now),
            tree: TraceText.text(roots), isOpen: waiting > 0 || now - last < 600_000)
    }
}
