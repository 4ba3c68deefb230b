import Conveyor
import Postgres
import Shop

/// Reserves all lines of an order or none, one order after the other, each with the stock that the previous one left.
///
/// A new order is also priced, from the rows that are locked for it; if that fails, or its customer is not active, it is rejected and no order
/// exists. An order is reserved once: a repeated request gets the same answer. A second round (for an order that was paid after it had been given
/// up) is a new request, and stock that the first still holds counts for it.
struct ReserveStockHandler: Handler {
    /// The default threshold.
    let lowStockThreshold: Int

    /// Written as held, as nearly all are; refused ones are corrected. An order with an existing row keeps it: that row is locked and returned.
    private static let claim = Statement(
        """
        insert into reservations as r (order_id, message_id, round, state, product_ids, quantities)
        select m.order_id, m.message_id, m.round, m.state, ($5)[m.first:m.last], ($6)[m.first:m.last]
        from \(ReservationRows.source)
        on conflict (order_id) do update set order_id = r.order_id
        returning r.order_id, r.message_id, r.round, r.state
        """)
    private static let readActive: Statement = "select id from users where id = any($1) and is_active and erased_at is null"

    func handle(_ batch: [Received<ReserveStock, Void>], in transaction: Transaction) async throws -> [Reply] {
        let requests = try batch.map { try Request($0) }
        // Batches that share some orders lock them one after the other, since rows are in the order of the ids.
        var first: [ID: Int] = [:]
        for (index, request) in requests.enumerated() where first[request.orderID] == nil { first[request.orderID] = index }
        var claims = ReservationRows()
        for (orderID, index) in first {
            let request = requests[index]
            claims.set(orderID, request.envelope.messageID, Reservation(round: request.round, state: .held), lines: request.lines)
        }
        let customers = Set(requests.lazy.compactMap { $0.order?.userID })
        let rows = try await transaction.pipeline(
            [claims.call(Self.claim), StockLedger.locking(requests.lazy.flatMap { $0.lines.lazy.map(\.productID) })]
                + (customers.isEmpty ? [] : [Call(Self.readActive, customers.sorted())]))
        var ledger = try StockLedger(rows[1], defaultThreshold: self.lowStockThreshold)
        let active = customers.isEmpty ? [] : Set(try rows[2].decode(ID.self))

        /// The existing reservations, and those that this batch has decided.
        var reservations: [ID: Reservation] = [:]
        var fresh: Set<ID> = []
        for row in rows[0] {
            let (orderID, messageID) = (try row[0, as: ID.self], try row[1, as: ID.self])
            // A message is handled once, so this transaction wrote the row with its id.
            if let index = first[orderID], requests[index].envelope.messageID == messageID {
                fresh.insert(messageID)
            } else {
                reservations[orderID] = try Reservation(round: row[2, as: Int16.self], state: row[3, as: String.self])
            }
        }
        var changes = ReservationRows()
        let replies = try requests.map { request in
            let before = fresh.contains(request.envelope.messageID) ? nil : reservations[request.orderID]
            let (reservation, reply) = try Self.decide(request, before, active, &ledger)
            reservations[request.orderID] = reservation
            let isWritten = before == nil ? reservation.state == .held : before == reservation
            if !isWritten {
                // The lines of a row that was just written, or that holds stock, are right.
                let isAskedAnew = before?.state == .released || before?.state == .refused
                changes.set(request.orderID, request.envelope.messageID, reservation, lines: isAskedAnew ? request.lines : [])
            }
            return reply
        }
        changes.update(in: transaction)
        try ledger.write(in: transaction)
        return replies
    }

    /// Decides one order, given its previous state.
    private static func decide(
        _ request: Request, _ before: Reservation?, _ active: Set<ID>, _ ledger: inout StockLedger
    ) throws -> (Reservation, Reply) {
        let (orderID, round, lines) = (request.orderID, request.round, request.lines)
        var order: PricedOrder?
        if let placed = request.order {
            do throws(Problem) {
                guard active.contains(placed.userID) else { throw Problem(.userInactive, "The account is not active.") }
                order = try PricedOrder(
                    by: placed.userID, lines, shippingAddress: placed.shippingAddress, billingAddress: placed.billingAddress
                ) { ledger.offer($0) }
            } catch {
                // If the order was reserved before, `orders.place` has placed and written it under the same id.
                if before == nil { return (Reservation(round: round, state: .refused), .rejected(error)) }
            }
        }
        // The operation continues until the order is written.
        let decides: Reply.Decision = request.order == nil ? .ifRoot : .no
        func held(_ alerts: [StockLow] = []) -> Reply {
            .done(
                decides: decides, emits: [StockReserved(orderID: orderID, order: order, round: request.said)] + alerts,
                changes: lines.map { .product($0.productID) })
        }
        func refused(_ detail: String, _ shortages: [Problem.Line]) -> Reply {
            let problem = Problem(.outOfStock, detail, lines: shortages)
            return .done(decides: decides, emits: [StockRefused(orderID: orderID, problem: problem, order: order, round: request.said)])
        }
        let notEnough = "Some products are out of stock."

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
            let note = StockLedger.Note(kind: .reservation, actor: request.envelope.actor, orderID: orderID)
            let alerts = try lines.compactMap { try ledger.move(-$0.quantity, of: $0.productID, note) }
            return (Reservation(round: round, state: .held), held(alerts))
        }
    }

    /// The request in a message of either version.
    private struct Request {
        let envelope: Envelope
        let orderID: ID
        /// Each product once.
        let lines: [OrderLine]
        /// The new order; nil for an existing one.
        let order: PlaceOrder?
        /// The round as in the message.
        let said: Int?
        var round: Int { self.said ?? 1 }

        init(_ message: Received<ReserveStock, Void>) throws(Poison) {
            let command = message.payload
            self.envelope = message.envelope
            self.order = command.order
            self.said = command.round
            if let order = command.order {
                self.orderID = message.envelope.originalID
                self.lines = try order.orderedLines()
            } else {
                guard let orderID = command.orderID, let lines = command.lines, !lines.isEmpty else {
                    throw Poison(.invalidPayload, "order and order_id with lines are missing, one of them must be there")
                }
                let quantities = 1...StockLedger.limit / lines.count
                for (index, line) in lines.enumerated() where !quantities.contains(line.quantity) {
                    throw Poison(
                        .invalidPayload,
                        "lines[\(index)].quantity is \(line.quantity), must be between \(quantities.lowerBound) and \(quantities.upperBound)")
                }
                self.orderID = orderID
                self.lines = lines.merged
            }
            guard 1...2 ~= self.round else { throw Poison(.invalidPayload, "round is \(self.round), must be between 1 and 2") }
        }
    }
}
