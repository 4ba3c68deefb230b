import Conveyor
import Postgres
import Shop

/// The subject of a trace, and its chains of messages.
struct TraceSubject: Sendable {
    /// Correlation ids: each is the first message of a chain.
    var chains: Set<ID> = []
    var orderID: ID?

    /// Finds it by any id: of an order (or its number), operation, message, dead letter or Stripe object.
    static func find(_ text: String, in pool: PostgresPool) async throws -> TraceSubject {
        if let operation = OperationID(unverified: text) { return TraceSubject(chains: [operation.messageID]) }
        if let id = ID(text) { return try await self.find(id, in: pool) }
        let number = text.hasPrefix("#") ? text.dropFirst() : text[...]
        if let number = Int64(number) {
            let order = try await pool.query("select id from orders where number = $1", number).decode(ID.self).first
            return try await self.ofOrder(order, in: pool)
        }
        if text.hasPrefix("evt_") { return try await self.find(StripeEvent.messageID(text), in: pool) }
        let order = try await pool.query(self.byStripe, text.withoutNUL).decode(ID.self).first
        return try await self.ofOrder(order, in: pool)
    }

    private static let byStripe: Statement = """
        select order_id from payments where payment_intent_id = $1 or latest_charge_id = $1
        union all select order_id from refunds where refund_id = $1
        union all select order_id from disputes where dispute_id = $1
        limit 1
        """

    private static let ofMessage: Statement = """
        select correlation_id from inbox where message_id = $1 or correlation_id = $1
        union select correlation_id from attempts where correlation_id = $1
        union select coalesce(correlation_id, message_id) from dead_letters where message_id = $1 or id = $1 or correlation_id = $1
        union select coalesce(d.correlation_id, d.message_id) from replacements r join dead_letters d on d.id = r.dead_letter_id where r.message_id = $1
        """
    /// Without an index: an attempt is usually found by its chain.
    private static let ofAttempt: Statement = "select correlation_id from attempts where message_id = $1 limit 1"

    private static func find(_ id: ID, in pool: PostgresPool) async throws -> TraceSubject {
        let order = try await pool.query("select id from orders where id = $1", id).decode(ID.self).first
        if order != nil { return try await self.ofOrder(order, in: pool) }
        var chains = try await pool.query(self.ofMessage, id).decode(ID.self)
        if chains.isEmpty { chains = try await pool.query(self.ofAttempt, id).decode(ID.self) }
        return TraceSubject(chains: Set(chains))
    }

    private static let ofOrder: Statement = """
        select i.correlation_id from order_events e join inbox i on i.message_id = e.message_id where e.order_id = $1
        union select i.correlation_id from refunds r join inbox i on i.message_id = r.id where r.order_id = $1
        union select correlation_id from attempts where order_id = $1
        union select coalesce(correlation_id, message_id) from dead_letters where order_id = $1
        """

    private static func ofOrder(_ id: ID?, in pool: PostgresPool) async throws -> TraceSubject {
        guard let id else { return TraceSubject() }
        return TraceSubject(chains: Set(try await pool.query(self.ofOrder, id).decode(ID.self)).union([id]), orderID: id)
    }
}
