import FoundationEssentials
import Kit
import Postgres
import Shop

/// Makes sure that no payment can come for an order any more. A payment that has won the race keeps the order.
struct CancelPaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { Policy(largestBatch: 16, timeLimit: .seconds(45)) }

    /// How the order's intent stands at Stripe after the attempt to cancel it; nil if there is none.
    struct Prepared: Sendable {
        var intent: PaymentIntent?
        var calls: [StripeClient.Call] = []
    }

    func prepare(_ message: CancelIntent, _ envelope: Envelope) async throws -> Prepared {
        guard let live = try await PaymentLedger.live(message.orderID, in: self.pool) else { return Prepared(intent: nil) }
        let path = "/v1/payment_intents/\(live.paymentIntentID)"
        do {
            let (intent, call) = try await self.stripe.post(
                PaymentIntent.self, path + "/cancel",
                [("cancellation_reason", message.reason == "expired" ? "abandoned" : "requested_by_customer")], key: "\(envelope.messageID):cancel")
            return Prepared(intent: intent, calls: [call])
        } catch let error as StripeError where error.code == "payment_intent_unexpected_state" {
            do {
                let (intent, call) = try await self.stripe.get(PaymentIntent.self, path)
                return Prepared(intent: intent, calls: [call])
            } catch let error as StripeError {
                throw error.asFailure
            }
        } catch let error as StripeError {
            throw error.asFailure
        }
    }

    func handle(_ batch: [Received<CancelIntent, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        for message in batch {
            let orderID = message.payload.orderID
            guard let intent = message.prepared.intent else {
                replies.append(.done(emits: [PaymentCanceled(orderID: orderID, paymentIntentID: nil, reason: message.payload.reason)]))
                continue
            }
            var emits: [any Message] = []
            if let payment = try await PaymentLedger.lock(intent.id, in: transaction) {
                emits = PaymentLedger.apply(intent, to: payment, at: message.prepared.calls.last?.at ?? Date(), in: transaction)
            }
            // Said again even if the database knew it: whoever asked waits for the answer.
            if intent.status == "canceled" {
                emits = [PaymentCanceled(orderID: orderID, paymentIntentID: intent.id, reason: message.payload.reason)]
            }
            Calls.record(message.prepared.calls, of: message.envelope, in: transaction)
            replies.append(.done(emits: emits, changes: [.order(orderID)]))
        }
        return replies
    }
}
