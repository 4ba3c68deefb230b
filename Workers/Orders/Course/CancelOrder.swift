import Kit
import Postgres
import Shop

/// Gives an order up, whatever it waits for: its stock is released, a payment that may still come is prevented, one that has come is given back.
struct CancelOrderHandler: OrderHandler {
    func apply(_ message: Received<CancelOrder, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let reason = message.payload.reason
        guard case .moves(let next) = order.status.after(.cancel) else {
            return .refused(.notCancellable, "An order that is \(order.status.words) cannot be cancelled.")
        }
        var emits: [any Message] = [
            OrderCancelled(orderID: order.id, reason: reason),
            ReleaseStock(orderID: order.id, reason: next.rawValue, round: order.reservationRound),
        ]
        switch order.status {
        case .awaitingPayment: emits.append(CancelIntent(orderID: order.id, reason: next.rawValue))
        case .paid where order.paymentStatus != .refunded:
            emits.append(RefundPayment(orderID: order.id, reason: "requested_by_customer", note: reason))
        default: break
        }
        order.status = next
        return .recorded(try .init(OrderCancelled.type, .init(reason: reason)), .done(emits: emits, changes: [.order(order.id)]))
    }
}

extension OrderStatus {
    /// For people: `awaiting payment`.
    var words: String { self.rawValue.split(separator: "_").joined(separator: " ") }
}
