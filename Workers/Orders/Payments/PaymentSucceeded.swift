import Conveyor
import Postgres
import Shop

/// Stripe has the money for an order. An order that awaits it becomes paid. One that was given up requests its stock again, and is refunded if the
/// stock is gone. A wrong amount or currency becomes a dead letter.
struct PaymentSucceededHandler: OrderHandler {
    private static let readLines: Statement = "select order_id, product_id, quantity from order_items where order_id = any($1)"

    /// The lines of orders that may be revived.
    func facts(
        for batch: [Received<PaymentSucceeded, Void>], _ book: OrderBook, in transaction: Transaction
    ) async throws -> [ID: [OrderLine]] {
        let givenUp = batch.map(\.payload.orderID).filter { book[$0]?.status.after(.paid) == .revive }
        guard !givenUp.isEmpty else { return [:] }
        var lines: [ID: [OrderLine]] = [:]
        for row in try await transaction.query(Self.readLines, givenUp) {
            lines[try row[0, as: ID.self], default: []].append(OrderLine(productID: try row[1], quantity: Int(try row[2, as: Int32.self])))
        }
        return lines
    }

    func apply(_ message: Received<PaymentSucceeded, Void>, to order: inout OrderRecord, _ lines: [ID: [OrderLine]]) throws -> Applied {
        let payment = message.payload
        guard !order.paymentStatus.isSettled else { return try .ignored(PaymentSucceeded.type, .done(changes: [.order(order.id)])) }
        guard payment.amount == order.totalAmount, payment.currency == order.currency else {
            throw Poison(
                .amountMismatch,
                "order \(order.id) is of \(order.totalAmount) \(order.currency), \(payment.paymentIntentID) brought \(payment.amount) \(payment.currency)"
            )
        }
        let detail = Timeline.Detail(paymentIntentID: payment.paymentIntentID, amount: payment.amount, currency: payment.currency)
        let step = order.status.after(.paid)
        guard step != .wait else { throw Transient("the stock of order \(order.id) is neither held nor refused yet") }
        if step != .ignored {
            order.paymentIntentID = payment.paymentIntentID
            // A refund whose event came first still counts.
            order.paymentStatus = .settled(refunded: order.amountRefunded, of: order.totalAmount)
        }
        switch step {
        case .moves(let next):
            order.status = next
            return .recorded(
                try .init(OrderPaid.type, detail), .done(emits: [OrderPaid(orderID: order.id)], changes: [.order(order.id)]))
        case .revive where order.paymentStatus != .refunded:
            order.revival = .asked
            return .recorded(
                try .init(PaymentSucceeded.type, detail),
                .done(
                    emits: [ReserveStock(orderID: order.id, lines: lines[order.id] ?? [], round: Revival.round)], changes: [.order(order.id)]))
        default:
            return try .ignored(PaymentSucceeded.type, .done(changes: [.order(order.id)]))
        }
    }
}
