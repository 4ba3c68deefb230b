package import FoundationEssentials
package import Conveyor
package import Postgres
import Shop

/// An order in the API.
package struct OrderBody: Encodable, Sendable {
    package struct Item: Encodable, Sendable {
        package let productID: ID
        package let sku: String
        package let name: String
        package let quantity: Int
        package let unitAmount: Int64
        package let amount: Int64

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, name, quantity
            case unitAmount = "unit_amount"
            case amount
        }
    }

    package struct Payment: Encodable, Sendable {
        package let paymentIntentID: String
        package let status: String
        package let amount: Int64
        package let currency: String
        package let failureCode: OrNull<String>
        package let createdAt: Date

        enum CodingKeys: String, CodingKey {
            case paymentIntentID = "payment_intent_id"
            case status, amount, currency
            case failureCode = "failure_code"
            case createdAt = "created_at"
        }
    }

    package struct Refund: Encodable, Sendable {
        /// Stripe's refund id, or the shop's while Stripe has not been asked yet.
        package let refundID: String
        package let status: String
        package let amount: Int64
        package let reason: OrNull<String>
        package let createdAt: Date

        enum CodingKeys: String, CodingKey {
            case refundID = "refund_id"
            case status, amount, reason
            case createdAt = "created_at"
        }
    }

    package struct Tracking: Encodable, Sendable {
        package let carrier: OrNull<String>
        package let trackingNumber: OrNull<String>

        enum CodingKeys: String, CodingKey {
            case carrier
            case trackingNumber = "tracking_number"
        }
    }

    package let id: ID
    package let number: String
    package let userID: ID
    package let status: String
    package let paymentStatus: String
    package let currency: String
    package let totalAmount: Int64
    package let amountRefunded: Int64
    package var items: [Item] = []
    package let shippingAddress: JSONValue
    package let billingAddress: OrNull<JSONValue>
    package let paymentIntentID: OrNull<String>
    package var payments: [Payment] = []
    package var refunds: [Refund] = []
    package let disputed: Bool
    package let rejection: OrNull<ProblemBody>
    package let paymentDueAt: OrNull<Date>
    package let tracking: OrNull<Tracking>
    package let createdAt: Date
    package let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id, number
        case userID = "user_id"
        case status
        case paymentStatus = "payment_status"
        case currency
        case totalAmount = "total_amount"
        case amountRefunded = "amount_refunded"
        case items
        case shippingAddress = "shipping_address"
        case billingAddress = "billing_address"
        case paymentIntentID = "payment_intent_id"
        case payments, refunds, disputed, rejection
        case paymentDueAt = "payment_due_at"
        case tracking
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// Reads orders with their items, payments and refunds, in a constant number of queries.
extension OrderBody {
    /// The columns of `orders o` that ``assemble(_:in:)`` reads.
    package static let columns = """
        o.id, o.number, o.user_id, o.status, o.payment_status, o.currency, o.total_amount, o.amount_refunded, o.shipping_address, o.billing_address,
        o.payment_intent_id, o.disputed, o.rejection, o.payment_due_at, o.carrier, o.tracking_number, o.created_at, o.updated_at
        """
    private static let one = Statement("select \(columns) from orders o where o.id = $1")
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

    /// One order; nil if it does not exist.
    package static func read(_ id: ID, in pool: PostgresPool) async throws -> OrderBody? {
        let ids = [id]
        let results = try await pool.pipeline([
            Call(self.one, id), Call(self.items, ids), Call(self.payments, ids), Call(self.refunds, ids),
        ])
        return try self.assemble(results).first
    }

    /// The orders of these rows of ``columns``.
    package static func assemble(_ rows: Rows, in pool: PostgresPool) async throws -> [OrderBody] {
        let ids = try rows.decode(ID.self)
        let parts = try await pool.pipeline([Call(self.items, ids), Call(self.payments, ids), Call(self.refunds, ids)])
        return try self.assemble([rows] + parts)
    }

    /// Orders, items, payments, refunds.
    fileprivate static func assemble(_ results: [Rows]) throws -> [OrderBody] {
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
