import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Compares an order's payment, its refunds and disputes with Stripe, and records the differences as the events would have done. If the order missed
/// an event about something known here, the event is emitted again.
struct Reconcile: Handler {
    let stripe: StripeClient
    let pool: PostgresPool

    var policy: Policy { .outside(.seconds(60)) }

    /// The differences, which are repaired.
    struct Result: Encodable, Sendable {
        var paymentIntentID: String?
        var differences: [Difference] = []

        enum CodingKeys: String, CodingKey {
            case paymentIntentID = "payment_intent_id"
            case differences
        }
    }

    /// A field that differs at Stripe, or in the order.
    struct Difference: Encodable, Sendable, Equatable {
        /// Stripe's id of the PaymentIntent, refund or dispute.
        var id: String
        /// E.g. `status`; fields of the order begin with `order.`.
        var field: String
        /// Null if it was unknown.
        var here: String?
        var stripe: String
    }

    struct Prepared: Sendable {
        var intent: StripeClient.Answer<PaymentIntent>?
        var refunds: [StripeRefund] = []
        var disputes: [StripeDispute] = []
        var calls: [StripeClient.Call] = []
    }

    func prepare(_ message: ReconcilePayment, _ envelope: Envelope) async throws -> Prepared {
        guard let payment = try await Payment.current(of: message.orderID, in: self.pool) else { return Prepared() }
        return try await StripeError.sorting {
            let newestWord = try await DisputeLedger.newestWord(of: payment, in: self.pool)
            let intent = try await self.stripe.get(PaymentIntent.self, "/v1/payment_intents/\(payment.paymentIntentID)").knowing(payment)
                .notBefore(newestWord)
            guard intent.object.status.meaning == .succeeded else { return Prepared(intent: intent, calls: [intent.call]) }
            let ofIntent = [("payment_intent", payment.paymentIntentID)]
            let refunds = try await self.stripe.list(StripeRefund.self, "/v1/refunds", ofIntent)
            let disputes = try await self.stripe.list(StripeDispute.self, "/v1/disputes", ofIntent)
            return Prepared(
                intent: intent, refunds: refunds.objects, disputes: disputes.objects, calls: [intent.call] + refunds.calls + disputes.calls)
        }
    }

    func handle(_ batch: [Received<ReconcilePayment, Prepared>], in transaction: Transaction) async throws -> [Reply] {
        var book = try await PaymentBook.open(intents: batch.compactMap(\.prepared.intent?.object.id), in: transaction)
        let orders = try await OrderForPayment.read(batch.map(\.payload.orderID), in: transaction)
        var replies: [Reply] = []
        for message in batch {
            Calls.record(message.prepared.calls, of: message.envelope, in: transaction)
            guard let intent = message.prepared.intent, let payment = book[intent.object.id] else {
                replies.append(.done(result: Result()))
                continue
            }
            let prepared = message.prepared
            let known = try await KnownStates.read(of: payment, in: transaction)
            var result = Result(paymentIntentID: payment.paymentIntentID)
            result.differences = Self.differences(payment, intent.object) + known.differences(prepared.refunds, prepared.disputes)
            // Oldest first, as events come.
            var emits = book.take(intent.object, saidAt: intent.at, reconciles: false) ?? []
            emits += try await RefundLedger.apply(prepared.refunds.reversed(), to: payment, actor: message.envelope.actor, in: transaction)
            emits += try await DisputeLedger.apply(prepared.disputes.reversed(), to: payment, saidAt: intent.at, reconciles: false, in: transaction)
            if intent.object.status.meaning == .succeeded {
                HeldRefund.freeStale(of: payment, except: prepared.refunds.compactMap(\.ownID), in: transaction)
            }
            if let order = orders[message.payload.orderID], let payment = book[intent.object.id] {
                let repetition = try await Repetition(of: payment, to: order, prepared.refunds, beside: emits, in: transaction)
                result.differences += repetition.differences
                emits += repetition.emits
            }
            replies.append(.done(result: result, emits: emits, changes: result.differences.isEmpty ? [] : [.order(payment.orderID)]))
        }
        book.write(in: transaction)
        return replies
    }

    private static func differences(_ payment: Payment, _ intent: PaymentIntent) -> [Difference] {
        func compare(_ field: String, _ here: String, _ stripe: String) -> Difference? {
            here == stripe ? nil : Difference(id: intent.id, field: field, here: here, stripe: stripe)
        }
        return [
            compare("status", payment.status.rawValue, intent.status.meaning?.rawValue ?? intent.status.text),
            compare("amount", "\(payment.amount)", "\(intent.amount)"),
            compare("currency", payment.currency, intent.currency),
            compare("amount_received", "\(payment.amountReceived)", "\(intent.amountReceived ?? 0)"),
        ].compactMap { $0 }
    }
}

/// The known states of a payment's refunds and disputes, by Stripe's ids.
private struct KnownStates {
    private let states: [String: String]

    private static let read: Statement = """
        select refund_id, status from refunds where payment_intent_id = $1 and refund_id is not null
        union all select dispute_id, status from disputes where payment_intent_id = $1
        """

    static func read(of payment: Payment, in transaction: Transaction) async throws -> KnownStates {
        let rows = try await transaction.query(Self.read, payment.paymentIntentID).decode((String, String).self)
        return KnownStates(states: Dictionary(rows.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }))
    }

    func differences(_ refunds: [StripeRefund], _ disputes: [StripeDispute]) -> [Reconcile.Difference] {
        let stripes =
            refunds.map { ($0.id, $0.status?.text ?? RefundStatus.pending.rawValue) }
            + disputes.map { ($0.id, $0.status.meaning?.rawValue ?? $0.status.text) }
        return stripes.compactMap { id, status in
            self.states[id] == status ? nil : Reconcile.Difference(id: id, field: "status", here: self.states[id], stripe: status)
        }
    }
}
