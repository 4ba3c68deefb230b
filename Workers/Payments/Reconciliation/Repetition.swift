import Conveyor
import Postgres
import Shop

/// Emits an event again if the order does not know of its payment: the message was lost or is on its way, and the order applies it
/// once.
struct Repetition: Sendable {
    private(set) var differences: [Reconcile.Difference] = []
    private(set) var emits: [any Message] = []

    private static let dispute: Statement = """
        select dispute_id, status, amount, currency from disputes where order_id = $1 order by updated_at desc, dispute_id limit 1
        """
    private static let isFlagged: Statement = "select exists (select from disputes where order_id = $1 and status <> all($2))"
    private static let settledWell = DisputeStatus.allCases.filter(\.isSettledWell).map(\.rawValue)

    /// - Parameters:
    ///   - refunds: of the payment, as Stripe lists them, newest first.
    ///   - others: the events that are emitted anyway.
    init(
        of payment: Payment, to order: OrderForPayment, _ refunds: [StripeRefund], beside others: [any Message], in transaction: Transaction
    ) async throws {
        let id = payment.paymentIntentID
        if let succeeded = payment.repetition(for: order, beside: others) {
            self.add(succeeded, id, "order.payment_status", order.paymentStatus.rawValue, payment.status.rawValue)
        }
        guard order.paymentStatus.isSettled else { return }
        let standing = min(try await RefundLedger.standing(ofOrder: order.id, in: transaction), order.total)
        if standing != order.amountRefunded, !others.contains(where: { $0 is PaymentRefunded || $0 is PaymentRefundFailed }),
            let refund = refunds.first(where: { $0.status?.meaning?.isStanding == (standing > order.amountRefunded) })
        {
            let message: any Message =
                standing > order.amountRefunded
                ? PaymentRefunded(
                    orderID: order.id, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: standing)
                : PaymentRefundFailed(
                    orderID: order.id, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: standing,
                    reason: refund.failureReason)
            self.add(message, refund.id, "order.amount_refunded", "\(order.amountRefunded)", "\(standing)")
        }
        guard !others.contains(where: { $0 is PaymentDisputed }) else { return }
        let isFlagged = try await transaction.query(Self.isFlagged, order.id, Self.settledWell).decode(Bool.self).first ?? false
        guard isFlagged != order.isDisputed else { return }
        let newest = try await transaction.query(Self.dispute, order.id).decode((String, String, Int64, String).self).first
        guard let (dispute, word, amount, currency) = newest, let status = DisputeStatus.stripeWords[word] else { return }
        self.add(
            PaymentDisputed(orderID: order.id, disputeID: dispute, status: status, amount: amount, currency: currency), dispute, "order.disputed",
            "\(order.isDisputed)", "\(isFlagged)")
    }

    private mutating func add(_ message: any Message, _ id: String, _ field: String, _ here: String, _ stripe: String) {
        self.emits.append(message)
        self.differences.append(Reconcile.Difference(id: id, field: field, here: here, stripe: stripe))
    }
}
