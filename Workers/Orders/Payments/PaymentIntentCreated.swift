import Kit
import Postgres
import Shop

/// An order has a PaymentIntent; the newest one counts until money has come.
struct PaymentIntentCreatedHandler: OrderHandler {
    func apply(_ message: Received<PaymentIntentCreated, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let event = message.payload
        guard !order.paymentStatus.isSettled else { return try .ignored(PaymentIntentCreated.type) }
        order.paymentIntentID = event.paymentIntentID
        return .recorded(
            try .init(
                PaymentIntentCreated.type, .init(paymentIntentID: event.paymentIntentID, amount: event.amount, currency: event.currency)),
            .done(changes: [.order(order.id)]))
    }
}
