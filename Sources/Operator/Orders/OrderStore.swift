import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres

/// Reads orders for operators.
struct OrderStore: Sendable {
    let pool: PostgresPool

    /// An order as JSON in the form of the HTTP API, with its timeline.
    struct Found: Sendable {
        var id: ID
        var json: [UInt8]
        var timeline: [Entry]
    }

    /// A line of the timeline.
    struct Entry: Sendable {
        var at: Date
        var type: String
        var status: String
        var actor: String
        var messageID: ID
        var detail: JSONText?
    }

    private static let find = Statement(
        """
        select o.id, json_build_object(
                'id', o.id, 'number', o.number::text, 'user_id', o.user_id, 'status', o.status, 'payment_status', o.payment_status,
                'currency', o.currency, 'total_amount', o.total_amount, 'amount_refunded', o.amount_refunded,
                'items', coalesce((
                    select json_agg(json_build_object('product_id', product_id, 'sku', sku, 'name', name, 'quantity', quantity,
                        'unit_amount', unit_amount, 'amount', unit_amount * quantity) order by product_id)
                    from order_items where order_id = o.id), '[]'),
                'shipping_address', o.shipping_address, 'billing_address', o.billing_address, 'payment_intent_id', o.payment_intent_id,
                'payments', coalesce((
                    select json_agg(json_build_object('payment_intent_id', payment_intent_id, 'status', status, 'amount', amount, 'currency', currency,
                        'failure_code', failure_code, 'created_at', \(time("created_at"))) order by created_at)
                    from payments where order_id = o.id), '[]'),
                'refunds', coalesce((
                    select json_agg(json_build_object('refund_id', coalesce(refund_id, id::text), 'status', status, 'amount', amount, 'reason', reason,
                        'created_at', \(time("created_at"))) order by created_at)
                    from refunds where order_id = o.id), '[]'),
                'disputed', o.disputed, 'payment_due_at', \(time("o.payment_due_at")),
                'tracking', case when o.carrier is not null or o.tracking_number is not null
                    then json_build_object('carrier', o.carrier, 'tracking_number', o.tracking_number) end,
                'created_at', \(time("o.created_at")), 'updated_at', \(time("o.updated_at"))),
            o.rejection
        from orders o where o.id = $1 or o.number = $2
        """)

    private static func time(_ column: String) -> String {
        "to_char(\(column) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    }

    private static let timeline: Statement = """
        select e.at, e.type, e.status, coalesce(u.email, e.actor), e.message_id, e.detail
        from order_events e left join users u on u.id::text = e.actor where e.order_id = $1 order by e.id
        """

    /// An order by its id or its number; nil if it does not exist.
    func find(_ text: String) async throws -> Found? {
        let number = Int64(text.hasPrefix("#") ? text.dropFirst() : text[...])
        guard let row = try await self.pool.query(Self.find, ID(text), number).first else { return nil }
        let id = try row[0, as: ID.self]
        var object = JSONObject(json: try row[1, as: JSONText.self].bytes)
        let rejection = try row[2, as: JSONText?.self].map { try JSON.decode(Problem.self, from: $0.bytes) }
        object.add("rejection", json: try rejection?.json)
        let timeline = try await self.pool.query(Self.timeline, id).map { row in
            Entry(at: try row[0], type: try row[1], status: try row[2], actor: try row[3], messageID: try row[4], detail: try row[5])
        }
        return Found(id: id, json: object.bytes, timeline: timeline)
    }
}
