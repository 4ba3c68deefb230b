import Conveyor
import Postgres
import Shop

/// Records a refund that Stripe accepted.
struct PaymentRefundedHandler: RefundHandler {
    func detail(of event: PaymentRefunded) -> Timeline.Detail {
        .init(amount: event.amount, currency: event.currency, refundID: event.refundID)
    }
}

/// Records a refund that failed, perhaps days later: the shop has the money again.
struct PaymentRefundFailedHandler: RefundHandler {
    func detail(of event: PaymentRefundFailed) -> Timeline.Detail {
        .init(reason: event.reason, amount: event.amount, currency: event.currency, refundID: event.refundID)
    }
}

/// Updates the sum of an order's refunds. It is read from payments-worker's table, which was written before the event was sent, so events in any
/// order lead to the same sum.
protocol RefundHandler<Input>: OrderHandler where Facts == [ID: Int64] {
    associatedtype Input
    /// The event's timeline entry, without the sum.
    func detail(of event: Input) -> Timeline.Detail
}

private let sumRefunds: Statement = """
    select order_id, sum(amount)::bigint from refunds
    where order_id = any($1) and status in ('pending', 'requires_action', 'succeeded') group by order_id
    """

extension RefundHandler {
    func facts(for batch: [Received<Input, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> [ID: Int64] {
        let rows = try await transaction.query(sumRefunds, Array(Set(batch.map(\.payload.orderID))))
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0[0, as: ID.self], try $0[1, as: Int64.self]) })
    }

    func apply(_ message: Received<Input, Void>, to order: inout OrderRecord, _ refunded: [ID: Int64]) throws -> Applied {
        order.amountRefunded = min(refunded[order.id] ?? 0, order.totalAmount)
        // The refund's event came before the payment's, which will read the sum.
        if order.paymentStatus.isSettled { order.paymentStatus = .settled(refunded: order.amountRefunded, of: order.totalAmount) }
        var detail = self.detail(of: message.payload)
        detail.amountRefunded = order.amountRefunded
        return .recorded(try .init(Input.type, detail), .done(changes: [.order(order.id)]))
    }
}
