import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Reads orders with their items, payments and refunds, in a constant number of queries.
struct OrderReader: Sendable {
    let pool: PostgresPool

    private static let columns = """
        o.id, o.number, o.user_id, o.status, o.payment_status, o.currency, o.total_amount, o.amount_refunded, o.shipping_address, o.billing_address,
        o.payment_intent_id, o.disputed, o.rejection, o.payment_due_at, o.carrier, o.tracking_number, o.created_at, o.updated_at
        """
    private static let one = Statement("select \(columns) from orders o where o.id = $1")
    private static let page = Statement(
        """
        select \(columns) from orders o
        where ($1::uuid is null or o.user_id = $1) and ($2::text is null or o.status = $2)
          and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
        order by o.created_at desc, o.id desc limit $5
        """)
    private static let ofUser = Statement(
        """
        select \(columns) from orders o
        where o.user_id = $1 and ($2::text is null or o.status = $2) and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
        order by o.created_at desc, o.id desc limit $5
        """)
    private static let items: Statement = """
        select order_id, product_id, sku, name, quantity, unit_amount from order_items where order_id = any($1) order by order_id, name, product_id
        """
    private static let payments: Statement = """
        select order_id, payment_intent_id, status, amount, currency, failure_code, created_at from payments where order_id = any($1)
        order by order_id, created_at
        """
    // Leaves out refunds that Stripe refused; a refund without Stripe's answer has no Stripe status yet.
    private static let refunds: Statement = """
        select order_id, coalesce(refund_id, id::text), case status when 'held' then 'pending' else status end, amount, reason, created_at
        from refunds where order_id = any($1) and status <> 'refused'
        order by order_id, created_at
        """
    private static let owner: Statement = "select user_id from orders where id = $1"

    /// The owner of an order; nil if the order does not exist.
    func owner(of id: ID) async throws -> ID? {
        try await self.pool.reading { pool in try await pool.query(Self.owner, id).decode(ID.self).first }
    }

    static let notFound = Problem(.notFound, "There is no such order (yet).")

    /// An order's id, if it belongs to the user or the user is staff; to others it does not exist.
    /// - Throws: `Problem` `not_found`, `database_unreachable`.
    func visible(_ text: String, to user: Authenticator.User) async throws -> (id: ID, user: Authenticator.User) {
        guard let id = ID(text), let owner = try await self.owner(of: id), owner == user.id || user.isSuperuser else { throw Self.notFound }
        return (id, user)
    }

    /// One order; nil if it does not exist.
    func order(_ id: ID) async throws -> OrderBody? {
        try await self.pool.reading { pool in
            let ids = [id]
            let results = try await pool.pipeline([
                Call(Self.one, id), Call(Self.items, ids), Call(Self.payments, ids), Call(Self.refunds, ids),
            ])
            return try Self.assemble(results).first
        }
    }

    /// The newest orders after the cursor.
    /// - Parameter user: the owner; nil for all orders.
    /// - Returns: up to `count`.
    func orders(of user: ID?, status: String?, from cursor: Cursor?, count: Int) async throws -> [OrderBody] {
        let time = try cursor?.time()
        return try await self.pool.reading { pool in
            let statement = user == nil ? Self.page : Self.ofUser
            let rows = try await pool.query(statement, user, status, time, cursor?.id, Int32(count))
            guard !rows.isEmpty else { return [] }
            let ids = try rows.decode(ID.self)
            let parts = try await pool.pipeline([Call(Self.items, ids), Call(Self.payments, ids), Call(Self.refunds, ids)])
            return try Self.assemble([rows] + parts)
        }
    }

    /// Orders, items, payments, refunds.
    private static func assemble(_ results: [Rows]) throws -> [OrderBody] {
        var orders: [OrderBody] = []
        var places: [ID: Int] = [:]
        for row in results[0] {
            let order = try OrderBody(row)
            places[order.id] = orders.count
            orders.append(order)
        }
        for row in results[1] {
            guard let place = places[try row[0, as: ID.self]] else { continue }
            let (quantity, unit) = (try row[4, as: Int32.self], try row[5, as: Int64.self])
            orders[place].items.append(
                .init(
                    productID: try row[1], sku: try row[2], name: try row[3], quantity: Int(quantity), unitAmount: unit,
                    amount: Int64(quantity) * unit))
        }
        for row in results[2] {
            guard let place = places[try row[0, as: ID.self]] else { continue }
            orders[place].payments.append(
                .init(
                    paymentIntentID: try row[1], status: try row[2], amount: try row[3], currency: try row[4],
                    failureCode: OrNull(try row[5, as: String?.self]), createdAt: try row[6]))
        }
        for row in results[3] {
            guard let place = places[try row[0, as: ID.self]] else { continue }
            orders[place].refunds.append(
                .init(
                    refundID: try row[1], status: try row[2], amount: try row[3], reason: OrNull(try row[4, as: String?.self]),
                    createdAt: try row[5]))
        }
        return orders
    }
}

extension OrderBody {
    fileprivate init(_ row: Row) throws {
        func json(_ column: Int) throws -> JSONValue? {
            try row[column, as: JSONText?.self].map { try JSON.decode(JSONValue.self, from: $0.bytes) }
        }
        self.id = try row[0]
        self.number = String(try row[1, as: Int64.self])
        self.userID = try row[2]
        self.status = try row[3]
        self.paymentStatus = try row[4]
        self.currency = try row[5]
        self.totalAmount = try row[6]
        self.amountRefunded = try row[7]
        self.shippingAddress = try json(8) ?? .null
        self.billingAddress = OrNull(try json(9))
        self.paymentIntentID = OrNull(try row[10, as: String?.self])
        self.disputed = try row[11]
        self.rejection = OrNull(
            try row[12, as: JSONText?.self].map { ProblemBody(try JSON.decode(Problem.self, from: $0.bytes)) })
        self.paymentDueAt = OrNull(try row[13, as: Date?.self])
        let (carrier, number) = (try row[14, as: String?.self], try row[15, as: String?.self])
        self.tracking = OrNull(carrier == nil && number == nil ? nil : Tracking(carrier: OrNull(carrier), trackingNumber: OrNull(number)))
        self.createdAt = try row[16]
        self.updatedAt = try row[17]
    }
}
