import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Creates the one live PaymentIntent of an order, or finds it: a second request, or one after a decline, gets the same one.
struct CreatePaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool
    let publishableKey: String

    var policy: Policy { .outside(.seconds(45)) }

    /// The values with which the customer's browser pays.
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

    /// Stripe's answers.
    struct Prepared: Sendable {
        /// The answer about the known intent.
        var known: StripeClient.Answer<PaymentIntent>?
        /// The reason if that is cancelled now: by Stripe, or here, since another one replaces it.
        var canceledAs = CancellationReason.stripe
        /// The answer about a new intent; nil if the known one can be used.
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

    /// The intent's state at Stripe. One with another amount than the order's is useless, and is cancelled.
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
                // The key contains the order and its number of intents, not the message: two simultaneous requests get the same intent. After a day
                // Stripe forgets the key and would create another one, whose secret replaces the first, which no client has received.
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
        // Events that came before their intent was known are queued again.
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
            // The order was given up while Stripe was asked, when there was no intent to cancel yet.
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
