import FoundationEssentials
import Kit
import Postgres
import Shop

/// Asks Stripe how an order's payment stands. The client's word counts for nothing.
struct ConfirmPaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { Policy(largestBatch: 16, timeLimit: .seconds(45)) }

    struct Result: Encodable, Sendable {
        var message: String
        var paymentStatus: String

        enum CodingKeys: String, CodingKey {
            case message
            case paymentStatus = "payment_status"
        }
    }

    struct Prepared: Sendable {
        var intent: PaymentIntent
        var call: StripeClient.Call
    }

    func prepare(_ message: ConfirmPayment, _ envelope: Envelope) async throws -> Prepared {
        _ = try await OrderForPayment.find(message.orderID, for: envelope.actor, in: self.pool)
        guard let payment = try await PaymentLedger.newest(message.orderID, in: self.pool) else {
            throw Problem(.noPaymentIntent, "No payment was begun for this order.")
        }
        do {
            let (intent, call) = try await self.stripe.get(PaymentIntent.self, "/v1/payment_intents/\(payment.paymentIntentID)")
            return Prepared(intent: intent, call: call)
        } catch let error as StripeError {
            throw error.asFailure
        }
    }

    func handle(_ batch: [Received<ConfirmPayment, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        for message in batch {
            let (intent, call) = (message.prepared.intent, message.prepared.call)
            var emits: [any Message] = []
            if let payment = try await PaymentLedger.lock(intent.id, in: transaction) {
                let failure = intent.lastPaymentError == nil ? nil : intent.latestCharge ?? message.envelope.messageID.description
                emits = PaymentLedger.apply(intent, to: payment, at: call.at, failure: failure, in: transaction)
            }
            Calls.record([call], of: message.envelope, in: transaction)
            let changes: [Reply.Resource] = [.order(message.payload.orderID)]
            if intent.status == "succeeded" {
                replies.append(.done(result: Result(message: "Payment confirmed", paymentStatus: "paid"), emits: emits, changes: changes))
            } else {
                let problem = Problem(.paymentNotConfirmed, "Stripe says that the payment is \(intent.status).")
                replies.append(.rejected(problem, emits: emits, changes: changes))
            }
        }
        return replies
    }
}
