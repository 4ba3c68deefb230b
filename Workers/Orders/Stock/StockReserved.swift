import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// An order's stock is reserved: the order awaits its payment until a deadline, and its operation has succeeded. A new order is written with
/// that. A free order is paid at once, without Stripe.
///
/// The second round is for an order that was paid after it had been given up: with its stock reserved again it becomes paid.
struct StockReservedHandler: OrderHandler {
    /// The payment window.
    let paymentWindow: Duration

    /// The deadline of all orders of the batch, and its form in the timeline.
    struct Facts: Sendable {
        let dueAt: Date
        let text: String
        let detail: JSONText
    }

    func handle(_ batch: [Received<StockReserved, Void>], in transaction: Transaction) async throws -> [Reply] {
        try await self.place(batch, paymentWindow: self.paymentWindow, in: transaction)
    }

    func facts(for batch: [Received<StockReserved, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> Facts {
        let now = batch.lazy.compactMap { book[$0.payload.orderID]?.now }.first ?? Date()
        let dueAt = now + self.paymentWindow
        let text = Timestamp.string(dueAt)
        return Facts(dueAt: dueAt, text: text, detail: JSONText(try JSON.encode(Timeline.Detail(paymentDueAt: text))))
    }

    func apply(_ message: Received<StockReserved, Void>, to order: inout OrderRecord, _ facts: Facts) throws -> Applied {
        let isFirst = message.payload.round ?? 1 < Revival.round
        // The inventory's first answer decides the operation, whatever happens to the order later.
        let decides: Reply.Decision = isFirst ? .yes : .ifRoot
        switch order.status.after(isFirst ? .stockReserved : .stockReservedAgain) {
        case .moves(to: .awaitingPayment) where order.totalAmount == 0:
            order.status = .paid
            order.paymentStatus = .paid
            return .recorded(
                .init(OrderPaid.type), .done(decides: decides, emits: [OrderPaid(orderID: order.id)], changes: [.order(order.id)]))
        case .moves(to: .awaitingPayment):
            order.status = .awaitingPayment
            order.paymentDueAt = facts.dueAt
            return .recorded(
                .init(OrderAwaitingPayment.type, facts.detail),
                .done(
                    decides: decides, emits: [OrderAwaitingPayment(orderID: order.id, paymentDueAt: facts.text)], changes: [.order(order.id)]))
        case .moves(let next) where order.revival == .asked:
            order.status = next
            order.revival = .held
            return .recorded(.init(OrderPaid.type), .done(emits: [OrderPaid(orderID: order.id)], changes: [.order(order.id)]))
        case .releaseStock:
            return try .ignored(
                StockReserved.type,
                .done(
                    decides: decides, emits: [ReleaseStock(orderID: order.id, reason: order.status.rawValue, round: message.payload.round)],
                    changes: [.order(order.id)]))
        default:
            return try .ignored(StockReserved.type, .done(decides: decides, changes: [.order(order.id)]))
        }
    }
}

extension Date {
    static func + (date: Date, duration: Duration) -> Date {
        let (seconds, attoseconds) = duration.components
        return date.addingTimeInterval(Double(seconds) + Double(attoseconds) / 1e18)
    }
}
