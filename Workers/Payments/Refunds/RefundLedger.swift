import Conveyor
import Postgres
import Shop

/// The one place that turns Stripe's refunds into rows of `refunds` and events for the other workers: refunds requested here or made in the
/// dashboard, at once or days later.
enum RefundLedger {
    /// Refunds in these states count as refunded.
    private static let standingStates = "('pending', 'requires_action', 'succeeded')"

    private static let find: Statement = "select id, status from refunds where refund_id = $1 or id = $2 order by refund_id nulls last limit 1"
    private static let upsert: Statement = """
        insert into refunds (id, order_id, amount, payment_intent_id, refund_id, currency, status, reason, failure_reason, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (id) do update set refund_id = excluded.refund_id, status = excluded.status, amount = excluded.amount,
            failure_reason = coalesce(excluded.failure_reason, refunds.failure_reason), updated_at = now()
        """
    private static let name: Statement = "update refunds set refund_id = $2, updated_at = now() where id = $1 and refund_id is null"
    private static let sumOfOrder = Statement(
        "select coalesce(sum(amount), 0)::int8 from refunds where order_id = $1 and status in \(standingStates)")
    private static let sumOfIntent = Statement(
        "select coalesce(sum(amount), 0)::int8 from refunds where payment_intent_id = $1 and status in \(standingStates)")

    /// The refunded sum of a payment, as known here.
    static func standing(of payment: Payment, in transaction: Transaction) async throws -> Int64 {
        try await transaction.query(self.sumOfIntent, payment.paymentIntentID).decode(Int64.self).first ?? 0
    }

    /// The refunded sum of an order, as known here.
    static func standing(ofOrder orderID: ID, in transaction: Transaction) async throws -> Int64 {
        try await transaction.query(self.sumOfOrder, orderID).decode(Int64.self).first ?? 0
    }

    /// Records Stripe's refunds of a locked payment. An unknown status changes nothing: a held amount stays held.
    /// - Returns: the events to emit.
    static func apply(_ refunds: [StripeRefund], to payment: Payment, actor: String, in transaction: Transaction) async throws -> [any Message] {
        var emits: [any Message] = []
        for refund in refunds {
            let id = refund.ownID ?? payment.orderID.derived("refund:\(refund.id)")
            let before = try await transaction.query(self.find, refund.id, id).decode((ID, String).self).first
            guard let status = refund.status.map(\.meaning) ?? .pending else {
                if let before { transaction.enqueue(self.name, before.0, refund.id) }
                continue
            }
            let known = before.flatMap { RefundStatus(rawValue: $0.1) }
            if let known, status <= known { continue }
            transaction.enqueue(
                self.upsert, before?.0 ?? id, payment.orderID, refund.amount, payment.paymentIntentID, refund.id, refund.currency, status.rawValue,
                refund.reason, refund.failureReason, actor)
            let sum = try await self.standing(ofOrder: payment.orderID, in: transaction)
            if !status.isStanding {
                emits.append(
                    PaymentRefundFailed(
                        orderID: payment.orderID, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: sum,
                        reason: refund.failureReason))
            } else if !(known?.isStanding ?? false) {
                emits.append(
                    PaymentRefunded(
                        orderID: payment.orderID, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: sum))
            }
        }
        return emits
    }
}
