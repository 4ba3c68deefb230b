import FoundationEssentials
import Kit
import Postgres
import Shop

/// The one place where what Stripe says of a dispute becomes a row of `disputes` and an event for the others.
enum DisputeLedger {
    /// Said in the same second, the later of two states is the one further on.
    private static func rank(_ status: String) -> Int {
        switch status {
        case "warning_needs_response": 0
        case "warning_under_review": 1
        case "needs_response": 2
        case "under_review": 3
        // won, lost, warning_closed, prevented: it never changes again.
        default: 4
        }
    }

    private static let find: Statement = "select status, updated_at from disputes where dispute_id = $1"
    private static let upsert: Statement = """
        insert into disputes (dispute_id, order_id, amount, payment_intent_id, currency, status, reason, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (dispute_id) do update
        set status = excluded.status, reason = excluded.reason, amount = excluded.amount, updated_at = excluded.updated_at
        """

    /// Takes over what Stripe says of disputes of a payment, which is locked; an older word than the newest one changes nothing.
    /// - Returns: what the others are to be told.
    static func apply(_ disputes: [StripeDispute], to payment: Payment, saidAt: Date, in transaction: Transaction) async throws -> [any Message] {
        var emits: [any Message] = []
        for dispute in disputes {
            if let (status, newest) = try await transaction.query(self.find, dispute.id).decode((String, Date).self).first {
                let isNews = (saidAt, self.rank(dispute.status)) > (newest, self.rank(status))
                guard self.rank(status) < 4, dispute.status != status, isNews || self.rank(dispute.status) == 4 else { continue }
            }
            transaction.enqueue(
                self.upsert, dispute.id, payment.orderID, dispute.amount, payment.paymentIntentID, dispute.currency, dispute.status, dispute.reason,
                saidAt)
            emits.append(
                PaymentDisputed(
                    orderID: payment.orderID, disputeID: dispute.id, status: dispute.status, amount: dispute.amount, currency: dispute.currency))
        }
        return emits
    }
}
