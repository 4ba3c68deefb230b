import Conveyor
import Postgres
import Shop

/// Records an order's PaymentIntent; the newest one counts until a payment succeeds. If the order was given up meanwhile, the PaymentIntent is
/// cancelled.
struct PaymentIntentCreatedHandler: OrderHandler {
    func apply(_ message: Received<PaymentIntentCreated, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let event = message.payload
        guard !order.paymentStatus.isSettled else { return try .ignored(PaymentIntentCreated.type) }
        order.paymentIntentID = event.paymentIntentID
        return .recorded(
            try .init(
                PaymentIntentCreated.type, .init(paymentIntentID: event.paymentIntentID, amount: event.amount, currency: event.currency)),
            .done(
                emits: order.status.after(.paid) == .revive ? [CancelIntent(orderID: order.id, reason: CancellationReason(of: order.status))] : [],
                changes: [.order(order.id)]))
    }
}
