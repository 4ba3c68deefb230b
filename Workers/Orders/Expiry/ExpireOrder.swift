import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Handles a passed deadline, if the database agrees: has the payment cancelled, and lets the order expire once no payment can come.
///
/// A payment in progress at the bank is not cut off: the order waits for another payment window, and the status is requested from Stripe.
struct ExpireOrderHandler: OrderHandler {
    /// The payment window.
    let paymentWindow: Duration

    func apply(_ message: Received<ExpireOrder, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        guard case .moves(let next) = order.status.after(.expire), let dueAt = order.paymentDueAt, dueAt <= order.now else {
            return try .ignored(ExpireOrder.type)
        }
        if order.paymentStatus == .processing {
            let prolonged = order.prolong(by: self.paymentWindow)
            return .recorded(
                try .init(ExpireOrder.type, .init(reason: "payment is processing", paymentDueAt: Timestamp.string(prolonged))),
                .done(emits: [ReconcilePayment(orderID: order.id)], changes: [.order(order.id)]))
        }
        return .recorded(
            try .init(ExpireOrder.type, .init(paymentDueAt: Timestamp.string(dueAt))),
            .done(emits: [CancelIntent(orderID: order.id, reason: CancellationReason(of: next))], changes: [.order(order.id)]))
    }
}
