import Conveyor
import Postgres
import Shop

/// An order's columns for its payment.
struct OrderForPayment: Sendable {
    let id: ID
    let status: OrderStatus
    let paymentStatus: PaymentStatus
    let total: Int64
    let currency: String
    /// The number of its PaymentIntents so far.
    let intents: Int64
    /// Its deadline has passed: it may be about to expire, though its status is still `awaiting_payment`.
    let isOverdue: Bool
    /// The refunded sum that the order knows of.
    let amountRefunded: Int64
    let isDisputed: Bool

    // The clock's time, not the transaction's, which may have waited for a lock since.
    private static let columns = """
        o.id, o.status, o.payment_status, o.total_amount, o.currency, (select count(*) from payments p where p.order_id = o.id),
        coalesce(o.payment_due_at <= clock_timestamp(), false), o.amount_refunded, o.disputed
        """
    private static let find = Statement(
        """
        select \(columns), o.user_id::text = $2 or exists (select from users u where u.id::text = $2 and u.is_superuser)
        from orders o where o.id = $1
        """)
    private static let read = Statement("select \(columns) from orders o where o.id = any($1)")

    private init(_ row: Row) throws {
        guard let status = OrderStatus(rawValue: try row[1]), let paymentStatus = PaymentStatus(rawValue: try row[2]) else {
            throw Poison(.bug, "an order's status is not known")
        }
        self.id = try row[0]
        self.status = status
        self.paymentStatus = paymentStatus
        self.total = try row[3]
        self.currency = try row[4]
        self.intents = try row[5]
        self.isOverdue = try row[6]
        self.amountRefunded = try row[7]
        self.isDisputed = try row[8]
    }

    /// The order, if the actor may pay it.
    /// - Throws: `Problem` `not_found`.
    static func find(_ id: ID, for actor: String, in pool: PostgresPool) async throws -> OrderForPayment {
        guard let row = try await pool.query(Self.find, id, actor).first, try row[9, as: Bool.self] else {
            throw Problem(.notFound, "There is no such order.")
        }
        return try OrderForPayment(row)
    }

    /// These orders as they are now.
    static func read(_ ids: [ID], in transaction: Transaction) async throws -> [ID: OrderForPayment] {
        let orders = try await transaction.query(Self.read, Array(Set(ids))).map { try OrderForPayment($0) }
        return Dictionary(uniqueKeysWithValues: orders.map { ($0.id, $0) })
    }

    /// Passes if the order can be paid now.
    /// - Throws: `Problem` `already_paid` or `not_payable`; `Transient` while it is undecided.
    func requirePayable() throws {
        switch self.status {
        case .awaitingPayment:
            if self.total == 0 { throw Problem(.alreadyPaid, "This order is free: there is nothing to pay.") }
            if self.isOverdue { throw Problem(.notPayable, "The time to pay this order has passed.") }
            guard let currency = Currency(self.currency), currency.refusal(of: self.total) == nil, self.total <= currency.maximumCharge else {
                throw Problem(.notPayable, "Stripe does not accept a payment of \(Money(self.total, self.currency)).")
            }
        case .pending: throw Transient("the order's stock is not decided yet")
        case .paid, .shipped, .completed: throw Problem(.alreadyPaid, "This order is paid already.")
        case .rejected, .cancelled, .expired: throw Problem(.notPayable, "This order is \(self.status.rawValue) and can no longer be paid.")
        }
    }
}
