import Conveyor
import Postgres
import Shop

/// No payment can come for an order any more. If that was asked for as its deadline had passed, it expires now and its stock is released; else it
/// goes on as it is: cancelled already, or awaiting another PaymentIntent.
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
