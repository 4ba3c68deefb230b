import FoundationEssentials
import Kit
import Postgres
import Shop

/// Makes the one live PaymentIntent of an order, or finds it: asked twice, or after a decline, it is the same.
struct CreatePaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool
    let publishableKey: String

    var policy: Policy { Policy(largestBatch: 16, timeLimit: .seconds(45)) }

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

    struct Prepared: Sendable {
        var result: Result
        /// Nil if it was there already.
        var made: (intent: PaymentIntent, call: StripeClient.Call)?
    }

    func prepare(_ message: CreateIntent, _ envelope: Envelope) async throws -> Prepared {
        let order = try await OrderForPayment.find(message.orderID, for: envelope.actor, in: self.pool)
        if let live = try await PaymentLedger.live(message.orderID, in: self.pool), live.status != "succeeded" {
            try order.requirePayable()
            return Prepared(result: self.result(live.clientSecret, live.paymentIntentID, live.amount, live.currency), made: nil)
        }
        try order.requirePayable()
        do {
            let (intent, call) = try await self.stripe.post(
                PaymentIntent.self, "/v1/payment_intents",
                [
                    ("amount", String(order.total)), ("currency", order.currency), ("automatic_payment_methods[enabled]", "true"),
                    ("metadata[order_id]", message.orderID.description),
                ],
                // By the order and how many it had, not by the message: two that ask at once get the same intent.
                key: "order:\(message.orderID):intent:\(order.intents)")
            return Prepared(
                result: self.result(intent.clientSecret ?? "", intent.id, intent.amount, intent.currency), made: (intent: intent, call: call))
        } catch let error as StripeError {
            throw error.asFailure
        }
    }

    private func result(_ clientSecret: String, _ id: String, _ amount: Int64, _ currency: String) -> Result {
        Result(clientSecret: clientSecret, paymentIntentID: id, publishableKey: self.publishableKey, amount: amount, currency: currency)
    }

    private static let waiting: Statement =
        "select id, type, extract(epoch from created_at)::int8, payload from stripe_events where state = 'waiting' and object_id = $1 order by created_at, id"

    func handle(_ batch: [Received<CreateIntent, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        for message in batch {
            var emits: [any Message] = []
            if let (intent, call) = message.prepared.made {
                if try await PaymentLedger.record(intent, of: message.payload.orderID, at: call.at, in: transaction) {
                    emits.append(
                        PaymentIntentCreated(
                            orderID: message.payload.orderID, paymentIntentID: intent.id, amount: intent.amount, currency: intent.currency))
                    // Events that came before the intent was known go through the queue once more.
                    for (id, type, created, body) in try await transaction.query(Self.waiting, intent.id).decode((String, String, Int64, String).self)
                    {
                        emits.append(StripeEvent(eventID: id, eventType: type, created: created, body: body))
                    }
                }
                Calls.record([call], of: message.envelope, in: transaction)
            }
            replies.append(.done(result: message.prepared.result, emits: emits, changes: [.order(message.payload.orderID)]))
        }
        return replies
    }
}
