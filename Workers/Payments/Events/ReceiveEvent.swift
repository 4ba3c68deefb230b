import FoundationEssentials
import Kit
import Postgres
import Shop

/// An event of Stripe's: recorded once by its id, in the transaction of its effect. Events come twice, late, in any order, or before the intent that they
/// are about is recorded; then they wait.
struct ReceiveEvent: Handler {
    var policy: Policy { Policy(largestBatch: 32) }

    /// The parts of an event that are needed; the object depends on the type.
    private struct Event<Object: Decodable>: Decodable {
        struct Payload: Decodable { var object: Object }
        var data: Payload
    }

    private struct Charge: Decodable {
        var paymentIntent: String?
        var refunds: Refunds?
        struct Refunds: Decodable { var data: [StripeRefund] }

        enum CodingKeys: String, CodingKey {
            case paymentIntent = "payment_intent"
            case refunds
        }
    }

    private static let find: Statement = "select state from stripe_events where id = $1 for update"
    private static let upsert: Statement = """
        insert into stripe_events (id, created_at, type, object_id, state, payload) values ($1, $2, $3, $4, $5, $6)
        on conflict (id) do update set state = excluded.state
        """

    func handle(_ batch: [Received<StripeEvent, Void>], in transaction: Transaction) async throws -> [Reply] {
        var replies: [Reply] = []
        for message in batch {
            let event = message.payload
            if let state = try await transaction.query(Self.find, event.eventID).decode(String.self).first, state != "waiting" {
                replies.append(.done())
                continue
            }
            let effect = try await self.effect(of: event, actor: message.envelope.actor, in: transaction)
            transaction.enqueue(
                Self.upsert, event.eventID, Date(timeIntervalSince1970: Double(event.created)), event.eventType, effect.intent, effect.state,
                JSONText(event.body))
            replies.append(.done(emits: effect.emits, changes: effect.orderID.map { [.order($0)] } ?? []))
        }
        return replies
    }

    private struct Effect {
        var state: String
        var intent: String?
        var orderID: ID?
        var emits: [any Message] = []
        static func ignored(_ intent: String?) -> Effect { Effect(state: "ignored", intent: intent) }
    }

    private func object<Object: Decodable>(_ type: Object.Type, of event: StripeEvent) throws(Poison) -> Object {
        do {
            return try JSON.decode(Event<Object>.self, from: Array(event.body.utf8)).data.object
        } catch {
            throw Poison(.invalidPayload, "\(event.eventType): \(JSON.explain(error))")
        }
    }

    private func effect(of event: StripeEvent, actor: String, in transaction: Transaction) async throws -> Effect {
        let at = Date(timeIntervalSince1970: Double(event.created))
        switch event.eventType {
        case "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.processing", "payment_intent.requires_action",
            "payment_intent.canceled":
            let intent = try self.object(PaymentIntent.self, of: event)
            guard let payment = try await PaymentLedger.lock(intent.id, in: transaction) else {
                // Made here and not recorded yet, or not ours at all.
                return intent.orderID == nil ? .ignored(intent.id) : Effect(state: "waiting", intent: intent.id)
            }
            let failure = event.eventType == "payment_intent.payment_failed" ? intent.latestCharge ?? event.eventID : nil
            let emits = PaymentLedger.apply(intent, to: payment, at: at, failure: failure, in: transaction)
            return Effect(state: "applied", intent: intent.id, orderID: payment.orderID, emits: emits)
        case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
            let refund = try self.object(StripeRefund.self, of: event)
            return try await self.refunds([refund], of: refund.paymentIntent, actor: actor, in: transaction)
        case "charge.refunded":
            let charge = try self.object(Charge.self, of: event)
            return try await self.refunds(charge.refunds?.data ?? [], of: charge.paymentIntent, actor: actor, in: transaction)
        case "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed":
            return try await self.dispute(try self.object(StripeDispute.self, of: event), at: at, in: transaction)
        default: return .ignored(nil)
        }
    }

    private func refunds(_ refunds: [StripeRefund], of intent: String?, actor: String, in transaction: Transaction) async throws -> Effect {
        guard let intent else { return .ignored(nil) }
        guard let payment = try await PaymentLedger.lock(intent, in: transaction) else { return Effect(state: "waiting", intent: intent) }
        var emits: [any Message] = []
        for refund in refunds { emits += try await RefundLedger.apply(refund, orderID: payment.orderID, id: nil, actor: actor, in: transaction) }
        return Effect(state: "applied", intent: intent, orderID: payment.orderID, emits: emits)
    }

    private static let upsertDispute: Statement = """
        insert into disputes (dispute_id, order_id, amount, payment_intent_id, currency, status, reason, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (dispute_id) do update set status = excluded.status, reason = excluded.reason, amount = excluded.amount, updated_at = excluded.updated_at
        where disputes.updated_at <= excluded.updated_at and disputes.status not in ('won', 'lost')
        returning dispute_id
        """

    private func dispute(_ dispute: StripeDispute, at: Date, in transaction: Transaction) async throws -> Effect {
        guard let intent = dispute.paymentIntent else { return .ignored(nil) }
        guard let payment = try await PaymentLedger.lock(intent, in: transaction) else { return Effect(state: "waiting", intent: intent) }
        let rows = try await transaction.query(
            Self.upsertDispute, dispute.id, payment.orderID, dispute.amount, intent, dispute.currency, dispute.status, dispute.reason, at)
        let emits: [any Message] =
            rows.isEmpty
            ? []
            : [
                PaymentDisputed(
                    orderID: payment.orderID, disputeID: dispute.id, status: dispute.status, amount: dispute.amount, currency: dispute.currency)
            ]
        return Effect(state: "applied", intent: intent, orderID: payment.orderID, emits: emits)
    }
}
