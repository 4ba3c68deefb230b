import Conveyor
import Postgres
import Shop

/// Cancels an order: releases its stock, cancels a payment that may still come, and refunds one that has come.
///
/// Only the owner and the staff may do so: the ingress checks that too, but accepts commands while the database is away.
struct CancelOrderHandler: OrderHandler {
    private static let readStaff: Statement = "select id from users where id = any($1) and is_active and is_superuser"

    /// The actors with staff rights, looked up only for other users' orders.
    func facts(for batch: [Received<CancelOrder, Void>], _ book: OrderBook, in transaction: Transaction) async throws -> Set<ID> {
        let strangers = batch.compactMap { message -> ID? in
            guard let actor = ID(message.envelope.actor), actor != book[message.payload.orderID]?.userID else { return nil }
            return actor
        }
        return strangers.isEmpty ? [] : Set(try await transaction.query(Self.readStaff, Array(Set(strangers))).decode(ID.self))
    }

    func apply(_ message: Received<CancelOrder, Void>, to order: inout OrderRecord, _ staff: Set<ID>) throws -> Applied {
        if let actor = ID(message.envelope.actor), actor != order.userID, !staff.contains(actor) {
            return .unknown
        }
        let reason = message.payload.reason
        guard case .moves(let next) = order.status.after(.cancel) else {
            return .refused(.notCancellable, "An order that is \(order.status.words) cannot be cancelled.")
        }
        var emits: [any Message] = [
            OrderCancelled(orderID: order.id, reason: reason),
            ReleaseStock(orderID: order.id, reason: next.rawValue, round: order.reservationRound),
        ]
        switch order.status {
        case .awaitingPayment: emits.append(CancelIntent(orderID: order.id, reason: CancellationReason(of: next)))
        case .paid where order.paymentStatus != .refunded && order.totalAmount > 0:
            emits.append(RefundPayment(orderID: order.id, reason: "requested_by_customer", note: reason))
        default: break
        }
        order.status = next
        return .recorded(try .init(OrderCancelled.type, .init(reason: reason)), .done(emits: emits, changes: [.order(order.id)]))
    }
}

extension OrderStatus {
    /// In words: `awaiting payment`.
    var words: String { self.rawValue.split(separator: "_").joined(separator: " ") }
}
