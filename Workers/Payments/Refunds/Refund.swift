import FoundationEssentials
import Kit
import Postgres
import Shop

/// Gives money back. The amount is held in the database before Stripe is asked, so that no two refunds together exceed what was paid.
struct Refund: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { Policy(largestBatch: 16, timeLimit: .seconds(45)) }

    struct Result: Encodable, Sendable {
        var refundID: String
        var status: String
        var amount: Int64

        enum CodingKeys: String, CodingKey {
            case refundID = "refund_id"
            case status, amount
        }
    }

    struct Prepared: Sendable {
        var refund: StripeRefund
        var call: StripeClient.Call
    }

    func prepare(_ message: RefundPayment, _ envelope: Envelope) async throws -> Prepared {
        let id = envelope.messageID
        let held = try await self.hold(message, id: id, actor: envelope.actor)
        var form = [
            ("payment_intent", held.paymentIntentID), ("amount", String(held.amount)), ("metadata[refund_id]", id.description),
            ("metadata[order_id]", message.orderID.description),
        ]
        if let reason = message.reason { form.append(("reason", reason)) }
        do {
            let (refund, call) = try await self.stripe.post(StripeRefund.self, "/v1/refunds", form, key: "\(id):refund")
            return Prepared(refund: refund, call: call)
        } catch let error as StripeError {
            switch error.code {
            case "charge_already_refunded":
                try await self.free(id)
                throw Problem(.nothingToRefund, "All of this payment was refunded already.")
            case "amount_too_large", "refund_amount_exceeds_charge":
                try await self.free(id)
                throw Problem(.refundExceedsPayment, "That is more than is left of this payment.")
            default:
                if error.type == "card_error" {
                    try await self.free(id)
                    throw Problem(.nothingToRefund, error.message)
                }
                throw error.asFailure
            }
        }
    }

    private static let lockPaid: Statement = """
        select payment_intent_id, amount_received, currency from payments where order_id = $1 and status = 'succeeded' for update
        """
    private static let mine: Statement = "select payment_intent_id, amount, status from refunds where id = $1"
    private static let spoken: Statement = """
        select coalesce(sum(amount), 0)::int8 from refunds
        where payment_intent_id = $1 and status in ('held', 'pending', 'requires_action', 'succeeded')
        """
    private static let insertHeld: Statement = """
        insert into refunds (id, order_id, amount, payment_intent_id, currency, status, reason, actor) values ($1, $2, $3, $4, $5, 'held', $6, $7)
        """
    private static let setFree: Statement = "update refunds set status = 'refused', updated_at = now() where id = $1 and status = 'held'"

    /// Holds the amount, in a transaction of its own; asked again for the same message, it is what was held then.
    private func hold(_ message: RefundPayment, id: ID, actor: String) async throws -> (paymentIntentID: String, amount: Int64) {
        try await self.pool.transaction { transaction in
            let payment = try await transaction.query(Self.lockPaid, message.orderID).decode((String, Int64, String).self).first
            if let (intent, amount, _) = try await transaction.query(Self.mine, id).decode((String, Int64, String).self).first {
                return (intent, amount)
            }
            guard let (intent, received, currency) = payment else { throw Problem(.nothingToRefund, "This order has no payment.") }
            let spoken = try await transaction.query(Self.spoken, intent).decode(Int64.self).first ?? 0
            let left = received - spoken
            guard left > 0 else { throw Problem(.nothingToRefund, "All of this payment was refunded already.") }
            let amount = message.amount ?? left
            guard amount > 0, amount <= left else {
                throw Problem(.refundExceedsPayment, "Only \(Money(left, currency)) is left of this payment.")
            }
            transaction.enqueue(Self.insertHeld, id, message.orderID, amount, intent, currency, message.reason, actor)
            return (intent, amount)
        }
    }

    private func free(_ id: ID) async throws { try await self.pool.query(Self.setFree, id) }

    func handle(_ batch: [Received<RefundPayment, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        for message in batch {
            let refund = message.prepared.refund
            let emits = try await RefundLedger.apply(
                refund, orderID: message.payload.orderID, id: message.envelope.messageID, actor: message.envelope.actor, in: transaction)
            Calls.record([message.prepared.call], of: message.envelope, in: transaction)
            replies.append(
                .done(
                    result: Result(refundID: refund.id, status: refund.status ?? "pending", amount: refund.amount), emits: emits,
                    changes: [.order(message.payload.orderID)]))
        }
        return replies
    }
}
