import Conveyor
import Postgres
import Shop

/// No payment can come for an order any more. If its deadline has passed, it now expires and its stock is released; otherwise it stays as it is:
/// already cancelled, or waiting for another PaymentIntent.
struct PaymentCanceledHandler: OrderHandler {
    func apply(_ message: Received<PaymentCanceled, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let event = message.payload
        let detail = Timeline.Detail(reason: event.reason.rawValue, paymentIntentID: event.paymentIntentID)
        guard !order.paymentStatus.isSettled else { return try .ignored(PaymentCanceled.type, .done(changes: [.order(order.id)])) }
        if order.paymentStatus == .processing { order.paymentStatus = .failed }
        guard event.reason == .expired, case .moves(let next) = order.status.after(.expire) else {
            return .recorded(try .init(PaymentCanceled.type, detail), .done(changes: [.order(order.id)]))
        }
        order.status = next
        return .recorded(
            try .init(OrderExpired.type, detail),
            .done(
                emits: [
                    OrderExpired(orderID: order.id),
                    ReleaseStock(orderID: order.id, reason: next.rawValue, round: order.reservationRound),
                ], changes: [.order(order.id)]))
    }
}
