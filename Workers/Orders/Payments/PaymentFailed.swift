import Kit
import Postgres
import Shop

/// An attempt to pay failed. The order still awaits its payment, until its deadline.
struct PaymentFailedHandler: OrderHandler {
    func apply(_ message: Received<PaymentFailed, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        guard order.status == .awaitingPayment, !order.paymentStatus.isSettled else {
            return try .ignored(PaymentFailed.type, .done(changes: [.order(order.id)]))
        }
        order.paymentStatus = .failed
        return .recorded(
            try .init(
                PaymentFailed.type,
                .init(paymentIntentID: message.payload.paymentIntentID, failureCode: message.payload.failureCode)),
            .done(changes: [.order(order.id)]))
    }
}
