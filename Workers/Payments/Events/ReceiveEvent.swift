import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Handles a Stripe event from the webhook or the backfill: recorded once by its id, in the transaction of its effect. Events may come twice, late,
/// in any order, or before their PaymentIntent is recorded; the latter wait.
struct ReceiveEvent: Handler {
    var policy: Policy { Policy(largestBatch: 64) }

    func handle(_ batch: [Received<StripeEvent, Void>], in transaction: Transaction) async throws -> [Reply] {
        let events = try batch.map { (event: $0.payload, subject: try EventSubject($0.payload)) }
        var fresh = try await StripeEvents.claim(events, in: transaction)
        let intents = events.filter { fresh.contains($0.event.eventID) }.compactMap(\.subject.paymentIntentID)
        var book = try await PaymentBook.open(intents: intents, in: transaction)
        try await book.lookAgain(for: intents, in: transaction)

        var replies: [Reply] = []
        var waiting: [String] = []
        for (message, (event, subject)) in zip(batch, events) {
            guard fresh.remove(event.eventID) != nil, let intent = subject.paymentIntentID else {
                replies.append(.done())
                continue
            }
            guard let payment = book[intent] else {
                waiting.append(event.eventID)
                replies.append(.done())
                continue
            }
            let emits = try await self.apply(event, subject, to: payment, &book, actor: message.envelope.actor, in: transaction)
            replies.append(.done(emits: emits, changes: [.order(payment.orderID)]))
        }
        book.write(in: transaction)
        StripeEvents.wait(waiting, in: transaction)
        return replies
    }

    private func apply(
        _ event: StripeEvent, _ subject: EventSubject, to payment: Payment, _ book: inout PaymentBook, actor: String, in transaction: Transaction
    ) async throws -> [any Message] {
        let saidAt = StripeTime.date(event.created)
        switch subject {
        case .intent(let intent):
            let attempt = event.eventType == "payment_intent.payment_failed" ? event.eventID : nil
            return book.take(intent, saidAt: saidAt, attempt: attempt) ?? []
        case .refund(let refund): return try await RefundLedger.apply([refund], to: payment, actor: actor, in: transaction)
        case .charge(let charge):
            // The charge contains the refunded sum, but not the refunds: they are requested unless they are known.
            var emits = try await RefundLedger.apply(charge.refunds?.data ?? [], to: payment, actor: actor, in: transaction)
            if try await charge.amountRefunded != RefundLedger.standing(of: payment, in: transaction) {
                emits.append(ReconcilePayment(orderID: payment.orderID))
            }
            return emits
        case .dispute(let dispute): return try await DisputeLedger.apply([dispute], to: payment, saidAt: saidAt, in: transaction)
        case .nothing: return []
        }
    }
}
