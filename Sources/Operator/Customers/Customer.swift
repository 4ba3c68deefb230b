import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// A customer with orders and messages.
struct Customer: Sendable {
    struct Order: Sendable {
        var number: String
        var status: String
        var paymentStatus: String
        var total: String
        var at: Date
    }

    /// An event of their orders, a dead letter of theirs, or an e-mail to them.
    struct Event: Sendable {
        var at: Date
        var what: String
        var detail: String
        var path: String?
    }

    var id: ID
    var email: String
    var name: String?
    var isActive: Bool
    var since: Date
    var orders: [Order]
    var events: [Event]

    private static let person: Statement = "select id, email, full_name, is_active, created_at from users where id = $1"
    private static let orders: Statement = """
        select number::text, status, payment_status, total_amount, currency, created_at from orders where user_id = $1 order by created_at desc limit 100
        """
    private static let events: Statement = """
        select at, what, detail, path from (
            select e.at, e.type as what, 'order #' || o.number || ', ' || e.status as detail, '/trace/' || e.message_id as path
            from order_events e join orders o on o.id = e.order_id where o.user_id = $1
            union all
            select last_failed_at, type, 'dead letter, ' || status || ': ' || error_type, '/dead/' || id from dead_letters
            where headers ->> 'actor' = $1::text
            union all
            select sent_at, 'e-mail ' || kind, '', null from emails where lower(recipient) = lower($2)
        ) x order by at desc limit 200
        """

    /// nil if the customer does not exist.
    static func find(_ id: ID, in pool: PostgresPool) async throws -> Customer? {
        guard let (id, email, name, isActive, since) = try await pool.query(self.person, id).decode((ID, String, String?, Bool, Date).self).first
        else {
            return nil
        }
        let results = try await pool.pipeline([Call(self.orders, id), Call(self.events, id, email)])
        return Customer(
            id: id, email: email, name: name, isActive: isActive, since: since,
            orders: try results[0].map { row in
                let (number, status, payment, total, currency, at) = try row.decode((String, String, String, Int64, String, Date).self)
                return Order(number: number, status: status, paymentStatus: payment, total: "\(Money(total, currency))", at: at)
            },
            events: try results[1].map { row in
                Event(at: try row[0], what: try row[1], detail: try row[2], path: try row[3])
            })
    }
}
