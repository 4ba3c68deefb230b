import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Cancels an order's PaymentIntent, so that no payment can come any more. A payment that has already succeeded keeps the order.
struct CancelPaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { .outside(.seconds(45)) }

    /// The intent's state at Stripe after the attempt to cancel it; no answer if none was live.
    struct Prepared: Sendable {
        var answer: StripeClient.Answer<PaymentIntent>?
        var calls: [StripeClient.Call] = []
    }

    func prepare(_ message: CancelIntent, _ envelope: Envelope) async throws -> Prepared {
        guard let payment = try await Payment.current(of: message.orderID, in: self.pool), !payment.isFinal else { return Prepared() }
        let path = "/v1/payment_intents/\(payment.paymentIntentID)"
        return try await StripeError.sorting {
            do {
                let answer = try await self.stripe.post(
                    PaymentIntent.self, path + "/cancel", [("cancellation_reason", message.reason.stripeWord)], key: "\(envelope.messageID):cancel")
                return Prepared(answer: answer, calls: [answer.call])
            } catch {
                // It was paid or cancelled meanwhile, or the bank is processing it.
                guard let error = error as? StripeError, error.code == "payment_intent_unexpected_state" else { throw error }
                let answer = try await self.stripe.get(PaymentIntent.self, path).knowing(payment)
                return Prepared(answer: answer, calls: [error.call, answer.call].compactMap { $0 })
            }
        }
    }

    func handle(_ batch: [Received<CancelIntent, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        let orderIDs = batch.map(\.payload.orderID)
        var book = try await PaymentBook.open(orders: orderIDs, in: transaction)
        let orders = try await OrderForPayment.read(orderIDs, in: transaction)
        let replies = batch.map { message in
            let orderID = message.payload.orderID
            let asked = message.prepared.answer
            var emits: [any Message] = []
            if let asked { emits = book.take(asked.object, saidAt: asked.at, canceledAs: message.payload.reason) ?? [] }
            Calls.record(message.prepared.calls, of: message.envelope, in: transaction)
            let live = book.live(orderID)
            if let live, live.status == .succeeded {
                // The payment succeeded, and the order may not know yet.
                if let again = live.repetition(for: orders[orderID], beside: emits) { emits.append(again) }
            } else if let live, live.paymentIntentID != asked?.object.id {
                // Another one was recorded meanwhile, or none had been: try again.
                emits.append(message.payload)
            } else if live == nil {
                // Emitted again even if the database knew it: the orders-worker waits for the answer.
                emits.removeAll { $0 is PaymentCanceled }
                emits.append(PaymentCanceled(orderID: orderID, paymentIntentID: asked?.object.id, reason: message.payload.reason))
            } else if let asked, asked.object.status.meaning == .processing, !emits.contains(where: { $0 is PaymentProcessing }) {
                emits.append(PaymentProcessing(orderID: orderID, paymentIntentID: asked.object.id))
            }
            return Reply.done(emits: emits, changes: [.order(orderID)])
        }
        book.write(in: transaction)
        return replies
    }
}
