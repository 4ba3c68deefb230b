import Conveyor
import Postgres
import Shop

/// Records a failed payment attempt. The order awaits its payment until the deadline. If the order was given up during the attempt, its PaymentIntent
/// can be cancelled now, so that no later attempt succeeds.
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
