import Conveyor
import Postgres
import Shop

/// Marks a shipped order as delivered.
struct CompleteOrderHandler: OrderHandler {
    func apply(_ message: Received<CompleteOrder, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        guard case .moves(let next) = order.status.after(.complete) else {
            return .refused(.notCompletable, "An order that is \(order.status.words) cannot be completed.")
        }
        order.status = next
        return .recorded(.init(OrderCompleted.type), .done(emits: [OrderCompleted(orderID: order.id)], changes: [.order(order.id)]))
    }
}
