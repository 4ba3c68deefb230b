import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Asks Stripe for the status of an order's payment. The client's own statement does not count.
struct ConfirmPaymentIntent: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { .outside(.seconds(45)) }

    struct Result: Encodable, Sendable {
        var message: String
        var paymentStatus: PaymentStatus

        enum CodingKeys: String, CodingKey {
            case message
            case paymentStatus = "payment_status"
        }
    }

    struct Prepared: Sendable {
        var order: OrderForPayment
        var answer: StripeClient.Answer<PaymentIntent>
    }

    func prepare(_ message: ConfirmPayment, _ envelope: Envelope) async throws -> Prepared {
        let order = try await OrderForPayment.find(message.orderID, for: envelope.actor, in: self.pool)
        guard let payment = try await Payment.current(of: order.id, in: self.pool) else {
            throw Problem(.noPaymentIntent, "No payment has been started for this order.")
        }
        let answer = try await StripeError.sorting {
            try await self.stripe.get(PaymentIntent.self, "/v1/payment_intents/\(payment.paymentIntentID)").knowing(payment)
        }
        return Prepared(order: order, answer: answer)
    }

    func handle(_ batch: [Received<ConfirmPayment, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var book = try await PaymentBook.open(intents: batch.map(\.prepared.answer.object.id), in: transaction)
        let orders = try await OrderForPayment.read(batch.map(\.payload.orderID), in: transaction)
        let replies = batch.map { message in
            let answer = message.prepared.answer
            var emits = book.take(answer.object, saidAt: answer.at) ?? []
            if let again = book[answer.object.id]?.repetition(for: orders[message.payload.orderID], beside: emits) { emits.append(again) }
            Calls.record([answer.call], of: message.envelope, in: transaction)
            let changes: [Subject] = [.order(message.payload.orderID)]
            do throws(Problem) {
                return Reply.done(result: try Self.result(answer.object, of: message.prepared.order), emits: emits, changes: changes)
            } catch {
                return .rejected(error, emits: emits, changes: changes)
            }
        }
        book.write(in: transaction)
        return replies
    }

    private static func result(_ intent: PaymentIntent, of order: OrderForPayment) throws(Problem) -> Result {
        guard intent.status.meaning == .succeeded else {
            let why = intent.lastPaymentError.map { ": \($0.reason ?? "declined")" } ?? ""
            throw Problem(.paymentNotConfirmed, "Stripe reports the status \(intent.status.text) for this payment\(why).")
        }
        guard (intent.amountReceived ?? intent.amount) == order.total, intent.currency == order.currency else {
            throw Problem(.paymentNotConfirmed, "The amount of the payment differs from the order.")
        }
        return Result(message: "Payment confirmed", paymentStatus: order.paymentStatus.isSettled ? order.paymentStatus : .paid)
    }
}
