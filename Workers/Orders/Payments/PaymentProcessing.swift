import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The bank is processing a payment: the order waits for another payment window from now.
struct PaymentProcessingHandler: OrderHandler {
    /// The payment window.
    let paymentWindow: Duration

    func apply(_ message: Received<PaymentProcessing, Void>, to order: inout OrderRecord, _: Void) throws -> Applied {
        guard order.status == .awaitingPayment, !order.paymentStatus.isSettled else {
            return try .ignored(PaymentProcessing.type, .done(changes: [.order(order.id)]))
        }
        order.paymentStatus = .processing
        let dueAt = order.prolong(by: self.paymentWindow)
        return .recorded(
            try .init(
                PaymentProcessing.type, .init(paymentDueAt: Timestamp.string(dueAt), paymentIntentID: message.payload.paymentIntentID)),
            .done(changes: [.order(order.id)]))
    }
}

extension OrderRecord {
    /// Moves the deadline to a payment window from now; never earlier than it was.
    /// - Returns: the deadline.
    mutating func prolong(by paymentWindow: Duration) -> Date {
        let dueAt = max(self.paymentDueAt ?? self.now, self.now + paymentWindow)
        self.paymentDueAt = dueAt
        return dueAt
    }
}
