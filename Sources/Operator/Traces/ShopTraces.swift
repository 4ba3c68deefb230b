import Conveyor
import ConveyorOperator
import Postgres
import Shop

/// The shop's additions to traces: orders by id, number and Stripe's ids, and the calls of its workers.
enum ShopTraces {
    static var `extension`: TraceExtension {
        var traces = TraceExtension()
        traces.shows = "times, attempts, Stripe calls and e-mails"
        traces.ids = "An order (id or number), an operation (op_…), a message, a dead letter, or a Stripe id (pi_…, evt_…, re_…, ch_…, dp_…)."
        traces.things = "order, operation or message"
        traces.find = { try await self.find($0, in: $1) }
        traces.heading = { try await self.heading($0, in: $1) }
        traces.route = { HTTPRoute.of($0, messageID: $1) }
        traces.calls = [
            .init("stripe", of: "payments", label: "Stripe", tone: "violet"), .init("mail", of: "email", label: "e-mail", tone: "blue"),
            .init("sms", as: "mail", of: "email", label: "e-mail"), .init("push", of: "email", label: "push"),
            .init("webhook", of: "webhooks", label: "webhook"),
        ]
        return traces
    }

    /// Finds the id of an order (or its number), an operation or a Stripe object; nil for any other text.
    static func find(_ text: String, in pool: PostgresPool) async throws -> TraceSubject? {
        if let operation = OperationID(unverified: text) { return TraceSubject(chains: [operation.messageID]) }
        if let id = ID(text) {
            let order = try await pool.query("select id from orders where id = $1", id).decode(ID.self).first
            return order == nil ? nil : try await self.ofOrder(order, in: pool)
        }
        let number = text.hasPrefix("#") ? text.dropFirst() : text[...]
        if let number = Int64(number) {
            let order = try await pool.query("select id from orders where number = $1", number).decode(ID.self).first
            return try await self.ofOrder(order, in: pool)
        }
        if text.hasPrefix("evt_") { return try await TraceSubject.find(StripeEvent.messageID(text), in: pool) }
        let order = try await pool.query(self.byStripe, text.withoutNUL).decode(ID.self).first
        return try await self.ofOrder(order, in: pool)
    }

    private static let byStripe: Statement = """
        select order_id from payments where payment_intent_id = $1 or latest_charge_id = $1
        union all select order_id from refunds where refund_id = $1
        union all select order_id from disputes where dispute_id = $1
        limit 1
        """
    private static let ofOrder: Statement = """
        select i.correlation_id from order_events e join inbox i on i.message_id = e.message_id where e.order_id = $1
        union select i.correlation_id from refunds r join inbox i on i.message_id = r.id where r.order_id = $1
        union select correlation_id from attempts where order_id = $1
        union select coalesce(correlation_id, message_id) from dead_letters where order_id = $1
        """

    private static func ofOrder(_ id: ID?, in pool: PostgresPool) async throws -> TraceSubject {
        guard let id else { return TraceSubject(chains: []) }
        return TraceSubject(chains: Set(try await pool.query(self.ofOrder, id).decode(ID.self)).union([id]), subject: .order(id))
    }

    private static let order: Statement = "select number, status, payment_status, total_amount, currency from orders where id = $1"

    /// `Order #1002 · paid · $80.00`
    private static func heading(_ subject: Subject, in pool: PostgresPool) async throws -> String? {
        guard let row = try await pool.query(self.order, subject.id).first else { return nil }
        let (number, status, payment, total, currency) = try row.decode((Int64, String, String, Int64, String).self)
        return "Order #\(number) · \(status)" + (payment == status ? "" : " · payment \(payment)") + " · \(Money(total, currency))"
    }
}
