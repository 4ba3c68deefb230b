import Kit
import Postgres
import Shop

/// An order as its payment needs it.
struct OrderForPayment: Sendable {
    var userID: ID
    var status: OrderStatus
    var total: Int64
    var currency: String
    var intents: Int64

    private static let find: Statement = """
        select o.user_id, o.status, o.total_amount, o.currency, (select count(*) from payments p where p.order_id = o.id),
               o.user_id::text = $2 or exists (select from users u where u.id::text = $2 and u.is_superuser)
        from orders o where o.id = $1
        """

    /// The order, if the actor may pay it.
    /// - Throws: `Problem` `not_found`.
    static func find(_ id: ID, for actor: String, in pool: PostgresPool) async throws -> OrderForPayment {
        guard let row = try await pool.query(Self.find, id, actor).first, try row[5, as: Bool.self],
            let status = OrderStatus(rawValue: try row[1])
        else { throw Problem(.notFound, "There is no such order.") }
        return OrderForPayment(userID: try row[0], status: status, total: try row[2], currency: try row[3], intents: try row[4])
    }

    /// Passes if the order can be paid now.
    /// - Throws: `Problem` `already_paid` or `not_payable`; `Transient` while it is not decided yet.
    func requirePayable() throws {
        switch self.status {
        case .awaitingPayment: return
        case .pending: throw Transient("the order's stock is not decided yet")
        case .paid, .shipped, .completed: throw Problem(.alreadyPaid, "This order is paid already.")
        case .rejected, .cancelled, .expired: throw Problem(.notPayable, "This order is \(self.status.rawValue) and can no longer be paid.")
        }
    }
}
