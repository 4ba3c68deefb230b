import Conveyor
import Postgres
import Shop

/// Marks a paid order as shipped.
struct ShipOrderHandler: OrderHandler {
    func apply(_ message: Received<ShipOrder, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        guard case .moves(let next) = order.status.after(.ship) else {
            return .refused(.notShippable, "An order that is \(order.status.words) cannot be shipped.")
        }
        guard order.paymentStatus != .refunded else { return .refused(.notShippable, "The order's payment was given back.") }
        order.status = next
        order.carrier = message.payload.carrier
        order.trackingNumber = message.payload.trackingNumber
        return .recorded(
            try .init(OrderShipped.type, .init(carrier: message.payload.carrier, trackingNumber: message.payload.trackingNumber)),
            .done(emits: [OrderShipped(orderID: order.id)], changes: [.order(order.id)]))
    }
}
