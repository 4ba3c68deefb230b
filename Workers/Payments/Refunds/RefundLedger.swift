import Kit
import Postgres
import Shop

/// The one place where what Stripe says of a refund becomes a row of `refunds` and events for the others: refunds asked for here and made in the
/// dashboard, at once or days later.
enum RefundLedger {
    private static let lockPayment: Statement = "select order_id from payments where payment_intent_id = $1 for update"
    private static let find: Statement = "select id, status from refunds where refund_id = $1 or id = $2 order by refund_id nulls last limit 1"
    private static let upsert: Statement = """
        insert into refunds (id, order_id, amount, payment_intent_id, refund_id, currency, status, reason, failure_reason, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (id) do update set refund_id = excluded.refund_id, status = excluded.status, amount = excluded.amount,
            failure_reason = coalesce(excluded.failure_reason, refunds.failure_reason), updated_at = now()
        """
    private static let standing: Statement = """
        select coalesce(sum(amount), 0)::int8 from refunds where order_id = $1 and status in ('pending', 'requires_action', 'succeeded')
        """

    /// Takes over what Stripe says of a refund.
    /// - Parameters:
    ///   - id: its own id here, if it was asked for here.
    /// - Returns: what the others are to be told.
    static func apply(_ refund: StripeRefund, orderID: ID, id: ID?, actor: String, in transaction: Transaction) async throws -> [any Message] {
        guard let intent = refund.paymentIntent else { return [] }
        _ = try await transaction.query(self.lockPayment, intent)
        let own = id ?? refund.metadata?["refund_id"].flatMap { ID($0) } ?? orderID.derived("refund:\(refund.id)")
        let before = try await transaction.query(self.find, refund.id, own).decode((ID, String).self).first
        let status = refund.status ?? "pending"
        // Failed is final, though it may come after succeeded; an older word does not bring the refund back.
        if let before, ["failed", "canceled"].contains(before.1) { return [] }
        _ = try await transaction.query(
            self.upsert, before?.0 ?? own, orderID, refund.amount, intent, refund.id, refund.currency, status, refund.reason, refund.failureReason,
            actor)
        let standing = try await transaction.query(self.standing, orderID).decode(Int64.self).first ?? 0
        let wasStanding = before.map { ["pending", "requires_action", "succeeded"].contains($0.1) } ?? false
        switch status {
        case "failed", "canceled":
            return [
                PaymentRefundFailed(
                    orderID: orderID, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: standing,
                    reason: refund.failureReason)
            ]
        default:
            guard !wasStanding else { return [] }
            return [
                PaymentRefunded(
                    orderID: orderID, refundID: refund.id, amount: refund.amount, currency: refund.currency, amountRefunded: standing)
            ]
        }
    }
}
