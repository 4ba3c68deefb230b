import Kit
import Postgres
import Shop

/// Holds all lines of an order or none, one order after the other with the stock as the one before has left it.
///
/// An order is reserved once: asked again, it gets the same answer. A second round (for an order whose money came after it was given up) is asked anew,
/// and what is still held for the first counts for it.
struct ReserveStockHandler: Handler {
    /// Of products without a threshold of their own.
    let lowStockThreshold: Int

    /// Written as held, as nearly all are; what is refused is corrected. An order that has a row already keeps it: that is locked and returned.
    private static let claim = Statement(
        """
        insert into reservations as r (order_id, message_id, round, state, product_ids, quantities)
        select m.order_id, m.message_id, m.round, m.state, ($5)[m.first:m.last], ($6)[m.first:m.last]
        from \(ReservationRows.source)
        on conflict (order_id) do update set order_id = r.order_id
        returning r.order_id, r.message_id, r.round, r.state
        """)

    func handle(_ batch: [Received<ReserveStock, Void>], in transaction: Transaction) async throws -> [Reply] {
        let lines = try batch.map { try Self.lines(of: $0.payload) }
        // Batches that share some orders lock them one after the other, as their rows are in the order of the ids.
        var first: [ID: Int] = [:]
        for (index, message) in batch.enumerated() where first[message.payload.orderID] == nil { first[message.payload.orderID] = index }
        var claims = ReservationRows()
        for (orderID, index) in first {
            let message = batch[index]
            claims.set(orderID, message.envelope.messageID, Reservation(round: message.payload.asked, state: .held), lines: lines[index])
        }
        let rows = try await transaction.pipeline([
            claims.call(Self.claim), StockLedger.locking(lines.lazy.flatMap { $0.lazy.map(\.productID) }),
        ])
        var ledger = try StockLedger(rows[1], defaultThreshold: self.lowStockThreshold)

        /// Those that were there before, and those that this batch has decided.
        var reservations: [ID: Reservation] = [:]
        var fresh: Set<ID> = []
        for row in rows[0] {
            let (orderID, messageID) = (try row[0, as: ID.self], try row[1, as: ID.self])
            // A message is handled once, so a row with its id was written just now.
            if let index = first[orderID], batch[index].envelope.messageID == messageID {
                fresh.insert(messageID)
            } else {
                reservations[orderID] = try Reservation(round: row[2, as: Int16.self], state: row[3, as: String.self])
            }
        }
        var changes = ReservationRows()
        let replies = try zip(batch, lines).map { message, lines in
            let orderID = message.payload.orderID
            let before = fresh.contains(message.envelope.messageID) ? nil : reservations[orderID]
            let (reservation, reply) = try Self.decide(message, lines, before, &ledger)
            reservations[orderID] = reservation
            let isWritten = before == nil ? reservation.state == .held : before == reservation
            if !isWritten {
                // Those of a row that was written just now, or that holds something, are right.
                let isAskedAnew = before?.state == .released || before?.state == .refused
                changes.set(orderID, message.envelope.messageID, reservation, lines: isAskedAnew ? lines : [])
            }
            return reply
        }
        changes.update(in: transaction)
        ledger.write(in: transaction)
        return replies
    }

    /// What becomes of one order, given what became of it before.
    private static func decide(
        _ message: Received<ReserveStock, Void>, _ lines: [OrderLine], _ before: Reservation?, _ ledger: inout StockLedger
    ) throws -> (Reservation, Reply) {
        let (orderID, round) = (message.payload.orderID, message.payload.asked)
        func held(_ alerts: [StockLow] = []) -> Reply {
            .done(emits: [StockReserved(orderID: orderID, round: message.payload.round)] + alerts, changes: lines.map { .product($0.productID) })
        }
        func refused(_ detail: String, _ shortages: [Problem.Line]) -> Reply {
            let problem = Problem(.outOfStock, detail, lines: shortages)
            return .done(emits: [StockRefused(orderID: orderID, problem: problem, round: message.payload.round)])
        }
        let notEnough = "There is not enough of some of the products."

        if let before, before.round > round { return (before, .done()) }
        switch before?.state {
        case .held?, .sold?:
            return (Reservation(round: round, state: before?.state ?? .held), held())
        case .released? where before?.round == round:
            return (Reservation(round: round, state: .released), refused("The order was given up before its stock was reserved.", []))
        case .refused? where before?.round == round:
            return (Reservation(round: round, state: .refused), refused(notEnough, ledger.shortages(lines)))
        case nil, .released?, .refused?:
            let shortages = ledger.shortages(lines)
            guard shortages.isEmpty else { return (Reservation(round: round, state: .refused), refused(notEnough, shortages)) }
            let note = StockLedger.Note(kind: .reservation, actor: message.envelope.actor, orderID: orderID)
            let alerts = try lines.compactMap { try ledger.move(-$0.quantity, of: $0.productID, note) }
            return (Reservation(round: round, state: .held), held(alerts))
        }
    }

    /// Each product once.
    private static func lines(of command: ReserveStock) throws(Poison) -> [OrderLine] {
        guard !command.lines.isEmpty else { throw Poison(.invalidPayload, "a reservation of nothing") }
        for line in command.lines where !(1...StockLedger.limit / command.lines.count ~= line.quantity) {
            throw Poison(.invalidPayload, "a quantity of \(line.quantity)")
        }
        guard 1...2 ~= command.asked else { throw Poison(.invalidPayload, "round \(command.asked)") }
        return command.lines.merged
    }
}

extension ReserveStock {
    /// The round it is about.
    var asked: Int { self.round ?? 1 }
}
