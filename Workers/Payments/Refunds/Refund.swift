import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Refunds the held amount, under an idempotency key derived from the message.
struct Refund: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { .outside(.seconds(45)) }

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
        enum Outcome: Sendable {
            case taken(StripeRefund)
            /// Refused by Stripe for good.
            case refused(Problem)
        }
        var outcome: Outcome
        var paymentIntentID: String
        var calls: [StripeClient.Call]
    }

    func prepare(_ message: RefundPayment, _ envelope: Envelope) async throws -> Prepared {
        let held = try await HeldRefund.hold(message, envelope, in: self.pool)
        do {
            let (refund, calls) = try await self.give(held, message)
            return Prepared(outcome: .taken(refund), paymentIntentID: held.paymentIntentID, calls: calls)
        } catch {
            guard let error = error as? StripeError else { throw error }
            if let problem = Self.problem(error), envelope.isRoot || problem.code == .nothingToRefund && error.code == "charge_already_refunded" {
                return Prepared(outcome: .refused(problem), paymentIntentID: held.paymentIntentID, calls: [error.call].compactMap { $0 })
            }
            guard error.isRefusal else { throw error.sorted }
            // If the system requested the refund, no client waits for the answer: a person must look.
            try await self.pool.pipeline([HeldRefund.free(held.id, because: error.outcome)])
            throw Poison(.refusedByStripe, "\(error.name): \(error.outcome): \(error.message)")
        }
    }

    private func give(_ held: HeldRefund, _ message: RefundPayment) async throws -> (StripeRefund, [StripeClient.Call]) {
        if let refundID = held.refundID {
            let answer = try await self.stripe.get(StripeRefund.self, "/v1/refunds/\(refundID)")
            return (answer.object, [answer.call])
        }
        var calls: [StripeClient.Call] = []
        if held.isOld {
            let (refunds, asked) = try await self.stripe.list(StripeRefund.self, "/v1/refunds", [("payment_intent", held.paymentIntentID)])
            calls = asked
            if let refund = refunds.first(where: { $0.ownID == held.id }) { return (refund, calls) }
        }
        var form = [
            ("payment_intent", held.paymentIntentID), ("amount", String(held.amount)), ("metadata[refund_id]", held.id.description),
            ("metadata[order_id]", message.orderID.description),
        ]
        if let reason = message.reason { form.append(("reason", reason)) }
        let answer = try await self.stripe.post(StripeRefund.self, "/v1/refunds", form, key: held.idempotencyKey)
        return (answer.object, calls + [answer.call])
    }

    /// A superuser's problem if Stripe refuses.
    private static func problem(_ error: StripeError) -> Problem? {
        guard error.isRefusal else { return nil }
        if error.code == "charge_already_refunded" { return Problem(.nothingToRefund, "This payment is fully refunded already.") }
        if error.code == "charge_disputed" {
            return Problem(.nothingToRefund, "The customer disputes this payment; it cannot be refunded until the bank decides.")
        }
        if error.parameter == "amount" { return Problem(.refundExceedsPayment, "The amount is higher than the rest of this payment.") }
        return error.type == "card_error" ? Problem(.nothingToRefund, error.message) : nil
    }

    func handle(_ batch: [Received<RefundPayment, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        let book = try await PaymentBook.open(intents: batch.map(\.prepared.paymentIntentID), in: transaction)
        var replies: [Reply] = []
        for message in batch {
            guard let payment = book[message.prepared.paymentIntentID] else { throw Poison(.bug, "a refund of a payment that is not known") }
            Calls.record(message.prepared.calls, of: message.envelope, in: transaction)
            switch message.prepared.outcome {
            case .taken(let refund):
                let emits = try await RefundLedger.apply([refund], to: payment, actor: message.envelope.actor, in: transaction)
                let result = Result(refundID: refund.id, status: refund.status?.text ?? RefundStatus.pending.rawValue, amount: refund.amount)
                replies.append(.done(result: result, emits: emits, changes: [.order(payment.orderID)]))
            case .refused(let problem):
                transaction.enqueue(HeldRefund.free(message.envelope.messageID, because: problem.code.rawValue))
                // Stripe knows refunds that are unknown here.
                replies.append(.rejected(problem, emits: [ReconcilePayment(orderID: payment.orderID)], changes: [.order(payment.orderID)]))
            }
        }
        return replies
    }
}
