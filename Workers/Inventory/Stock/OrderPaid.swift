import Conveyor
import Postgres
import Shop

/// Marks an order's reserved stock as sold. Stock that was released before stays released.
struct OrderPaidHandler: Handler {
    private static let lock: Statement = "select from reservations where order_id = any($1) order by order_id for update"
    private static let sell: Statement = "update reservations set state = 'sold', at = now() where order_id = any($1) and state = 'held'"

    func handle(_ batch: [Received<OrderPaid, Void>], in transaction: Transaction) async throws -> [Reply] {
        let orders = Array(Set(batch.map(\.payload.orderID))).sorted()
        transaction.enqueue(Self.lock, orders)
        transaction.enqueue(Self.sell, orders)
        return batch.map { _ in .done() }
    }
}
