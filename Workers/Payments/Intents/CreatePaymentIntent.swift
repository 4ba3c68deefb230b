import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Makes the one live PaymentIntent of an order, or finds it: asked twice, or after a decline, it is the same.
struct CreatePaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool
    let publishableKey: String

    var policy: Policy { .outside(.seconds(45)) }

    /// What the customer's browser needs to pay.
    struct Result: Encodable, Sendable {
        var clientSecret: String
        var paymentIntentID: String
        var publishableKey: String
        var amount: Int64
        var currency: String

        enum CodingKeys: String, CodingKey {
            case clientSecret = "client_secret"
            case paymentIntentID = "payment_intent_id"
            case publishableKey = "publishable_key"
            case amount, currency
        }
    }

    /// What Stripe said.
    struct Prepared: Sendable {
        /// Of the intent that was known.
        var known: StripeClient.Answer<PaymentIntent>?
        /// If that is canceled now: by Stripe, or here, as another one takes its place.
        var canceledAs = CancellationReason.stripe
        /// Of a new one; nil if the known one serves.
        var made: StripeClient.Answer<PaymentIntent>?
        var calls: [StripeClient.Call] = []
    }

    func prepare(_ message: CreateIntent, _ envelope: Envelope) async throws -> Prepared {
        let order = try await OrderForPayment.find(message.orderID, for: envelope.actor, in: self.pool)
        let payment = try await Payment.current(of: order.id, in: self.pool)
        // A succeeded one emits its event again.
        if payment?.status == .succeeded { return Prepared() }
        try order.requirePayable()
        var prepared = Prepared()
        if let payment, payment.isLive {
            let (known, canceledAs) = try await StripeError.sorting { try await self.askAgain(payment, of: order) }
            prepared.known = known.knowing(payment)
            prepared.canceledAs = canceledAs
            prepared.calls.append(known.call)
            if known.object.status.meaning != .canceled { return prepared }
        }
        let made = try await self.make(for: order)
        prepared.made = made
        prepared.calls.append(made.call)
        return prepared
    }

    /// How an intent stands at Stripe. One of another amount than the order's is of no use, and is canceled.
    private func askAgain(
        _ payment: Payment, of order: OrderForPayment
    ) async throws -> (answer: StripeClient.Answer<PaymentIntent>, canceledAs: CancellationReason) {
        let path = "/v1/payment_intents/\(payment.paymentIntentID)"
        let known = try await self.stripe.get(PaymentIntent.self, path)
        if known.object.isFinal || known.object.amount == order.total && known.object.currency == order.currency { return (known, .stripe) }
        let reason = CancellationReason.replaced
        let canceled = try await self.stripe.post(
            PaymentIntent.self, path + "/cancel", [("cancellation_reason", reason.stripeWord)], key: "\(payment.paymentIntentID):replace")
        return (canceled, reason)
    }

    private func make(for order: OrderForPayment) async throws -> StripeClient.Answer<PaymentIntent> {
        do {
            let made = try await self.stripe.post(
                PaymentIntent.self, "/v1/payment_intents",
                [
                    ("amount", String(order.total)), ("currency", order.currency), ("automatic_payment_methods[enabled]", "true"),
                    ("metadata[order_id]", order.id.description),
                ],
                // By the order and how many it had, not by the message: two that ask at once get the same intent. Stripe forgets the key after a day;
                // then it makes another one, whose secret replaces that of the first one, which no client has seen.
                key: "order:\(order.id):intent:\(order.intents)")
            guard made.object.amount == order.total, made.object.currency == order.currency else {
                throw Poison(
                    .amountMismatch,
                    "order \(order.id) is of \(order.total) \(order.currency), \(made.object.id) of \(made.object.amount) \(made.object.currency)")
            }
            return made
        } catch {
            guard let error = error as? StripeError else { throw error }
            throw error.refusesTheSum ? Problem(.notPayable, error.message) : error.sorted
        }
    }

    func handle(_ batch: [Received<CreateIntent, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        let orderIDs = batch.map(\.payload.orderID)
        var book = try await PaymentBook.open(orders: orderIDs, in: transaction)
        let orders = try await OrderForPayment.read(orderIDs, in: transaction)
        var replies: [Reply] = []
        for message in batch {
            replies.append(try self.reply(to: message, &book, orders[message.payload.orderID]))
            Calls.record(message.prepared.calls, of: message.envelope, in: transaction)
        }
        book.write(in: transaction)
        // Events that came before their intent was known go through the queue once more.
        let waiting = try await StripeEvents.waiting(for: book.new.map(\.paymentIntentID), in: transaction)
        for payment in book.new {
            guard let index = batch.firstIndex(where: { $0.payload.orderID == payment.orderID }) else { continue }
            replies[index].emits += waiting[payment.paymentIntentID] ?? []
        }
        return replies
    }

    private func reply(to message: Received<CreateIntent, Prepared>, _ book: inout PaymentBook, _ order: OrderForPayment?) throws -> Reply {
        let orderID = message.payload.orderID
        let changes: [Subject] = [.order(orderID)]
        var emits: [any Message] = []
        if let known = message.prepared.known {
            emits = book.take(known.object, saidAt: known.at, canceledAs: message.prepared.canceledAs) ?? []
        }
        if let live = book.live(orderID) {
            guard live.status != .succeeded else {
                if let again = live.repetition(for: order, beside: emits) { emits.append(again) }
                return .rejected(Problem(.alreadyPaid, "This order is paid already."), emits: emits, changes: changes)
            }
            return .done(result: self.result(live), emits: emits, changes: changes)
        }
        guard let made = message.prepared.made, book[made.object.id] == nil else { throw Transient("the PaymentIntent was canceled meanwhile") }
        let payment = Payment(made.object, of: orderID)
        book.add(payment)
        emits.append(
            PaymentIntentCreated(orderID: orderID, paymentIntentID: payment.paymentIntentID, amount: payment.amount, currency: payment.currency))
        do {
            try order?.requirePayable()
        } catch let problem as Problem {
            // Given up while Stripe was asked, when there was no intent to cancel yet.
            emits.append(CancelIntent(orderID: orderID, reason: order.map { CancellationReason(of: $0.status) } ?? .cancelled))
            return .rejected(problem, emits: emits, changes: changes)
        }
        return .done(result: self.result(payment), emits: emits, changes: changes)
    }

    private func result(_ payment: Payment) -> Result {
        Result(
            clientSecret: payment.clientSecret, paymentIntentID: payment.paymentIntentID, publishableKey: self.publishableKey, amount: payment.amount,
            currency: payment.currency)
    }
}
