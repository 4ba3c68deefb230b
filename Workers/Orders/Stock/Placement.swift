import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The inventory's answer to a new order, together with the order itself, which has no row yet.
protocol Placement: AboutOrder {
    /// The new order; nil for an existing one.
    var order: PricedOrder? { get }
    /// The reason of a rejection; nil if its stock is reserved.
    var rejection: Problem? { get }
}

extension StockReserved: Placement {
    var rejection: Problem? { nil }
}

extension StockRefused: Placement {
    var rejection: Problem? { self.problem }
}

extension OrderHandler where Input: Placement {
    /// Writes the new orders of a batch in one statement, without reading first; applies messages about existing orders to those.
    func place(_ batch: [Received<Input, Void>], paymentWindow: Duration, in transaction: Transaction) async throws -> [Reply] {
        var orders = NewOrders()
        var added: Set<ID> = []
        for message in batch {
            let answer = message.payload
            guard let order = answer.order, added.insert(answer.orderID).inserted else { continue }
            let status = answer.rejection == nil ? order.whenHeld : .rejected
            try orders.add(answer.orderID, message.envelope, order, status, rejection: answer.rejection)
        }
        var written = try await orders.write(paymentWindow: paymentWindow, in: transaction)
        var replies: [Reply?] = []
        var others: [Received<Input, Void>] = []
        for message in batch {
            let answer = message.payload
            // A second message about a new order finds it written.
            if let order = answer.order, let dueAt = written.removeValue(forKey: answer.orderID) {
                replies.append(Self.reply(to: answer, order, dueAt: dueAt))
            } else {
                replies.append(nil)
                others.append(message)
            }
        }
        if !others.isEmpty {
            var applied = try await self.applyAll(others, in: transaction)[...]
            for index in replies.indices where replies[index] == nil { replies[index] = applied.popFirst() }
        }
        return replies.compactMap { $0 }
    }

    /// Caches cannot contain a new order yet.
    private static func reply(to answer: Input, _ order: PricedOrder, dueAt: Date?) -> Reply {
        let placed = order.placed(answer.orderID)
        if let problem = answer.rejection {
            return .rejected(problem, decides: .yes, emits: [placed, OrderRejected(orderID: answer.orderID, problem: problem)])
        }
        if order.whenHeld == .paid { return .done(decides: .yes, emits: [placed, OrderPaid(orderID: answer.orderID)]) }
        let due = dueAt.map { Timestamp.string($0) } ?? ""
        return .done(decides: .yes, emits: [placed, OrderAwaitingPayment(orderID: answer.orderID, paymentDueAt: due)])
    }
}
