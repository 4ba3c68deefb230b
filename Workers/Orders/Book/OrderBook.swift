import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The orders of a batch, locked until its transaction ends: read once, changed in memory message by message, written back at once.
///
/// Orders are always locked in the order of their ids, so batches that share some of them wait for each other and never deadlock.
struct OrderBook: Sendable {
    private let before: [ID: OrderRecord]
    private var orders: [ID: OrderRecord]
    private var timeline = Timeline()

    private static let lock = Statement("select \(OrderRecord.columns) from orders where id = any($1) order by id for update")

    private static let update: Statement = """
        update orders o
        set status = m.status, payment_status = m.payment_status, amount_refunded = m.amount_refunded, payment_due_at = m.payment_due_at,
            payment_intent_id = m.payment_intent_id, revival = m.revival, disputed = m.disputed, carrier = coalesce(m.carrier, o.carrier),
            tracking_number = coalesce(m.tracking_number, o.tracking_number), rejection = coalesce(m.rejection, o.rejection), updated_at = now()
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             m(id, status, payment_status, amount_refunded, payment_due_at, payment_intent_id, revival, disputed, carrier, tracking_number, rejection)
        where o.id = m.id
        """

    private static let insertDeadlines: Statement = """
        insert into payment_deadlines (due_at, order_id) select * from unnest($1, $2) on conflict do nothing
        """

    /// Locks and reads these orders; those that do not exist are left out.
    static func open(_ ids: [ID], in transaction: Transaction) async throws -> OrderBook {
        let rows = try await transaction.query(Self.lock, Array(Set(ids)).sorted())
        var orders: [ID: OrderRecord] = [:]
        orders.reserveCapacity(rows.count)
        for row in rows {
            let order = try OrderRecord(row)
            orders[order.id] = order
        }
        return OrderBook(before: orders, orders: orders)
    }

    private init(before: [ID: OrderRecord], orders: [ID: OrderRecord]) {
        self.before = before
        self.orders = orders
    }

    /// An order with the changes of the earlier messages; nil if the id does not exist.
    subscript(id: ID) -> OrderRecord? { self.orders[id] }

    /// Applies a message to an order.
    /// - Returns: the reply; nil if the order does not exist.
    mutating func apply(_ envelope: Envelope, to id: ID, _ change: (inout OrderRecord) throws -> Applied) rethrows -> Reply? {
        guard var order = self.orders[id] else { return nil }
        let applied = try change(&order)
        self.orders[id] = order
        if let entry = applied.entry { self.timeline.add(entry, to: id, status: order.status, by: envelope) }
        return applied.reply
    }

    /// Writes the changes with the transaction's next round trip.
    func write(in transaction: Transaction) throws {
        let changed = self.orders.values.filter { self.before[$0.id] != $0 }
        if !changed.isEmpty {
            transaction.enqueue(
                Self.update, changed.map(\.id), changed.map(\.status.rawValue), changed.map(\.paymentStatus.rawValue), changed.map(\.amountRefunded),
                changed.map(\.paymentDueAt), changed.map(\.paymentIntentID), changed.map { $0.revival?.rawValue }, changed.map(\.isDisputed),
                changed.map(\.carrier), changed.map(\.trackingNumber), try changed.map { try $0.rejection.map { JSONText(try JSON.encode($0)) } })
        }
        self.timeline.write(in: transaction)
        let deadlines = changed.filter { $0.paymentDueAt != self.before[$0.id]?.paymentDueAt }
        if !deadlines.isEmpty { transaction.enqueue(Self.insertDeadlines, deadlines.map(\.paymentDueAt), deadlines.map(\.id)) }
    }
}
