import Conveyor
import Postgres
import Shop

/// Releases the stock that is reserved for an order, or was sold to it. A release that comes before its reservation is recorded, so that the
/// reservation then takes nothing; one that comes after a later round changes nothing.
struct ReleaseStockHandler: Handler {
    /// The default threshold.
    let lowStockThreshold: Int

    private static let remember = Statement(
        """
        insert into reservations (order_id, message_id, round, state, product_ids, quantities)
        select m.order_id, m.message_id, m.round, m.state, ($5)[m.first:m.last], ($6)[m.first:m.last]
        from \(ReservationRows.source) on conflict do nothing
        """)
    private static let lock: Statement = """
        select order_id, round, state, product_ids, quantities from reservations where order_id = any($1) order by order_id for update
        """

    func handle(_ batch: [Received<ReleaseStock, Void>], in transaction: Transaction) async throws -> [Reply] {
        var rows = ReservationRows()
        for message in batch { rows.set(message.payload.orderID, message.envelope.messageID, Reservation(round: 1, state: .released)) }
        transaction.enqueue(rows.call(Self.remember))
        var reservations: [ID: (reservation: Reservation, lines: [OrderLine])] = [:]
        for row in try await transaction.query(Self.lock, rows.orderIDs) {
            let reservation = try Reservation(round: row[1, as: Int16.self], state: row[2, as: String.self])
            let lines = zip(try row[3, as: [ID].self], try row[4, as: [Int32].self]).map { OrderLine(productID: $0, quantity: Int($1)) }
            reservations[try row[0, as: ID.self]] = (reservation, lines)
        }
        var ledger = try await StockLedger.lock(
            reservations.values.lazy.flatMap { $0.lines.lazy.map(\.productID) }, defaultThreshold: self.lowStockThreshold, in: transaction)

        var changes = ReservationRows()
        let replies = try batch.map { message -> Reply in
            let (orderID, round) = (message.payload.orderID, message.payload.round ?? 1)
            guard let (before, lines) = reservations[orderID], before.round <= round else { return .done() }
            let reservation = Reservation(round: round, state: before.state == .refused && before.round == round ? .refused : .released)
            guard reservation != before else { return .done() }
            reservations[orderID]?.reservation = reservation
            changes.set(orderID, message.envelope.messageID, reservation)
            guard before.state == .held || before.state == .sold else { return .done() }
            let note = StockLedger.Note(kind: .release, actor: message.envelope.actor, orderID: orderID, reason: message.payload.reason)
            for line in lines { _ = try ledger.move(line.quantity, of: line.productID, note) }
            return .done(
                emits: [StockReleased(orderID: orderID, reason: message.payload.reason)], changes: lines.map { .product($0.productID) })
        }
        changes.update(in: transaction)
        try ledger.write(in: transaction)
        return replies
    }
}
