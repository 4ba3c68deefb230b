import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The one place that turns Stripe's disputes into rows of `disputes` and events for the other workers.
///
/// Stripe's latest state counts, by Stripe's clock, even after a final one: a closed inquiry may return as a chargeback under the same id, and a lost
/// dispute may be won by an appeal.
enum DisputeLedger {
    /// Of two states in the same second, the later one is the one further on.
    private static func rank(_ status: DisputeStatus) -> Int {
        switch status {
        case .warningNeedsResponse: 0
        case .warningUnderReview: 1
        case .warningClosed, .prevented: 2
        case .needsResponse: 3
        case .underReview: 4
        case .lost: 5
        case .appealNeedsResponse: 6
        case .appealUnderReview: 7
        case .won: 8
        }
    }

    private static let find: Statement = "select status, updated_at from disputes where dispute_id = $1"
    private static let newest: Statement = "select max(updated_at) from disputes where payment_intent_id = $1"
    private static let upsert: Statement = """
        insert into disputes (dispute_id, order_id, amount, payment_intent_id, currency, status, reason, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (dispute_id) do update
        set status = excluded.status, reason = excluded.reason, amount = excluded.amount, updated_at = excluded.updated_at
        """

    /// When Stripe last changed a payment's disputes; nil if there are none. Read outside of a transaction.
    static func newestWord(of payment: Payment, in pool: PostgresPool) async throws -> Date? {
        try await pool.query(self.newest, payment.paymentIntentID).decode(Date?.self).first ?? nil
    }

    /// Records Stripe's disputes of a locked payment. A state older than the newest one changes nothing, and neither does an
    /// unknown status.
    /// - Parameter reconciles: whether to ask Stripe if an older state leads further than the newest one, which may then be an answer that crossed
    ///   it.
    /// - Returns: the events to emit.
    static func apply(
        _ disputes: [StripeDispute], to payment: Payment, saidAt: Date, reconciles: Bool = true, in transaction: Transaction
    ) async throws -> [any Message] {
        var emits: [any Message] = []
        for dispute in disputes {
            guard let status = dispute.status.meaning else { continue }
            var isNews = true
            if let (word, newest) = try await transaction.query(self.find, dispute.id).decode((String, Date).self).first {
                let known = DisputeStatus.stripeWords[word]
                isNews = known != status
                let knownRank = known.map(self.rank) ?? -1
                guard (saidAt, self.rank(status)) >= (newest, knownRank) else {
                    if reconciles, saidAt < newest, self.rank(status) > knownRank { emits.append(ReconcilePayment(orderID: payment.orderID)) }
                    continue
                }
            }
            transaction.enqueue(
                self.upsert, dispute.id, payment.orderID, dispute.amount, payment.paymentIntentID, dispute.currency, status.rawValue, dispute.reason,
                saidAt)
            guard isNews else { continue }
            emits.append(
                PaymentDisputed(
                    orderID: payment.orderID, disputeID: dispute.id, status: status, amount: dispute.amount, currency: dispute.currency))
        }
        return emits
    }
}
