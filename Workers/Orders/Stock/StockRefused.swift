import Conveyor
import Postgres
import Shop

/// An order's stock cannot be reserved: the order and its operation are rejected. A new order is written with that.
///
/// In the second round, for an order that was paid after it had been given up, the payment is refunded.
struct StockRefusedHandler: OrderHandler {
    func handle(_ batch: [Received<StockRefused, Void>], in transaction: Transaction) async throws -> [Reply] {
        try await self.place(batch, paymentWindow: .zero, in: transaction)
    }

    func apply(_ message: Received<StockRefused, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        let isFirst = message.payload.round ?? 1 < Revival.round
        let problem = message.payload.problem
        switch order.status.after(isFirst ? .stockRefused : .stockRefusedAgain) {
        case .moves(let next):
            order.status = next
            order.rejection = problem
            return .recorded(
                try .init(OrderRejected.type, .init(problem: problem)),
                .rejected(problem, decides: .yes, emits: [OrderRejected(orderID: order.id, problem: problem)], changes: [.order(order.id)]))
        case .refund where order.revival == .asked:
            order.revival = .refused
            return .recorded(
                try .init(StockRefused.type, .init(problem: problem)),
                .done(
                    emits: [RefundPayment(orderID: order.id, note: "Paid after the order was \(order.status.rawValue), and sold out meanwhile.")],
                    changes: [.order(order.id)]))
        default:
            return try .ignored(StockRefused.type, .done(decides: isFirst ? .yes : .ifRoot, changes: [.order(order.id)]))
        }
    }
}
