import Conveyor
import ConveyorOperator
import Postgres

/// Money in minor units: totals of orders, payments and refunds.
struct MoneyBook: Book {
    static let name = "money"
    static let title = "Money, minor units"

    /// The totals of all orders that were not rejected.
    var ordered = 0
    /// The payments that Stripe has received.
    var paid = 0
    /// The part of it that is refunded, or being refunded.
    var refunded = 0
    /// The sum of all orders' differences: see ``Order``.
    var balance = 0
    /// Some of the orders with differences.
    var orders: [Order] = []

    /// An order with a difference: its total is not that of its lines; its payment status does not match the received sum; more
    /// was refunded than received; or it does not know a refund.
    struct Order: Sendable, Encodable {
        var orderID: ID
        var number: Int
        var total: Int
        var lines: Int
        var received: Int
        var refunded: Int
        /// The refunded sum that the order itself knows.
        var amountRefunded: Int
        var paymentStatus: String

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id"
            case number, total, lines, received, refunded
            case amountRefunded = "amount_refunded"
            case paymentStatus = "payment_status"
        }
    }

    var figures: [(name: String, number: Int)] { [("ordered", self.ordered), ("paid", self.paid), ("refunded", self.refunded)] }
    var remarks: [String] {
        self.orders.map { order in
            "order \(order.number) (\(order.orderID)), \(order.paymentStatus): total \(order.total), lines \(order.lines), received \(order.received), "
                + "refunded \(order.refunded), by its own account \(order.amountRefunded)"
        }
    }

    /// Payments-worker and orders-worker commit separately, with an event on its way in between. In one snapshot such an event is either emitted
    /// and not handled, or dead: its order is left out until it has arrived. `$1`: an event emitted before is lost, not on its way.
    private static let deviations = """
        with paid as (
            select order_id, sum(amount_received)::int8 as received from payments group by order_id
        ), given_back as (
            select order_id, sum(amount)::int8 as refunded from refunds where status in ('pending', 'requires_action', 'succeeded') group by order_id
        ), under_way as (
            select (e.value -> 'payload' ->> 'order_id')::uuid as order_id
            from inbox i cross join json_array_elements(i.emitted) with ordinality e
            where i.consumer = 'payments' and i.handled_at >= $1 and e.value ->> 'type' like 'payment.%' and not exists (
                select from inbox c where c.message_id = uuid_generate_v5(i.message_id, (e.ordinality - 1)::text) and c.consumer = 'orders')
            union
            select d.order_id from dead_letters d where d.order_id is not null and d.status = 'open'
                and not exists (select from inbox c where c.message_id = d.message_id and c.consumer = d.queue)
        ), account as (
            select o.id, o.number, o.total_amount as total, coalesce(l.lines, 0) as lines, coalesce(p.received, 0) as received,
                   coalesce(g.refunded, 0) as refunded, o.amount_refunded, o.payment_status,
                   o.payment_status in ('paid', 'partially_refunded', 'refunded') as is_settled, u.order_id is not null as is_under_way
            from orders o
            left join (select order_id, sum(unit_amount * quantity)::int8 as lines from order_items group by order_id) l on l.order_id = o.id
            left join paid p on p.order_id = o.id left join given_back g on g.order_id = o.id left join under_way u on u.order_id = o.id
        ), deviating as (
            select *, abs(total - lines) + greatest(refunded - received, 0)
                + case when is_under_way then 0
                    else case when is_settled then abs(received - total) else greatest(received - refunded, 0) end + abs(amount_refunded - least(refunded, total))
                  end as deviation
            from account
        )
        """
    private static let sums = Statement(
        """
        \(deviations)
        select coalesce((select sum(total_amount) from orders where status <> 'rejected'), 0)::int8, coalesce((select sum(received) from paid), 0)::int8,
               coalesce((select sum(refunded) from given_back), 0)::int8, coalesce((select sum(deviation) from deviating), 0)::int8
        """)
    private static let wrong = Statement(
        """
        \(deviations)
        select id, number, total, lines, received, refunded, amount_refunded, payment_status from deviating where deviation <> 0 order by number limit 20
        """)

    static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> MoneyBook {
        let horizon = messages.transit(to: "orders").horizon(ifNothing: false)
        let row = try await transaction.query(self.sums, horizon, timeout: .seconds(600))[0]
        var book = MoneyBook()
        (book.ordered, book.paid, book.refunded, book.balance) = try row.decode((Int, Int, Int, Int).self)
        if book.balance != 0 {
            book.orders = try await transaction.query(self.wrong, horizon, timeout: .seconds(600)).map {
                Order(
                    orderID: try $0[0], number: try $0[1], total: try $0[2], lines: try $0[3], received: try $0[4], refunded: try $0[5],
                    amountRefunded: try $0[6], paymentStatus: try $0[7])
            }
        }
        return book
    }
}
