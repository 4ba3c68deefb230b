import Conveyor
import Postgres
import Shop

/// An attempt to pay failed. The order still awaits its payment, until its deadline; of one that was given up while the bank was at it, the intent
/// can be canceled now, so that it cannot be paid after all.
struct PaymentFailedHandler: OrderHandler {
    func apply(_ message: Received<PaymentFailed, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let isGivenUp = order.status.after(.paid) == .revive
        guard order.status == .awaitingPayment || isGivenUp, !order.paymentStatus.isSettled else {
            return try .ignored(PaymentFailed.type, .done(changes: [.order(order.id)]))
        }
        if !isGivenUp || order.paymentStatus == .processing { order.paymentStatus = .failed }
        return .recorded(
            try .init(
                PaymentFailed.type,
                .init(paymentIntentID: message.payload.paymentIntentID, failureCode: message.payload.failureCode)),
            .done(
                emits: isGivenUp ? [CancelIntent(orderID: order.id, reason: CancellationReason(of: order.status))] : [], changes: [.order(order.id)]))
    }
}
