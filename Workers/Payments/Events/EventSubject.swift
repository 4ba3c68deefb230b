import Conveyor
import Shop

/// The subject of a Stripe event, as far as it has an effect.
enum EventSubject: Sendable {
    case intent(PaymentIntent)
    case refund(StripeRefund)
    case charge(StripeCharge)
    case dispute(StripeDispute)
    /// Stored without effect.
    case nothing

    /// The types of events with an effect (at most 20, the limit of `GET /v1/events`).
    static let types: [String] =
        Array(Self.intentTypes) + Array(Self.refundTypes) + Array(Self.disputeTypes) + [Self.chargeRefunded]

    private static let intentTypes: Set = [
        "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.processing", "payment_intent.requires_action",
        "payment_intent.canceled",
    ]
    private static let refundTypes: Set = ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"]
    private static let disputeTypes: Set = ["charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"]
    private static let chargeRefunded = "charge.refunded"

    private struct Event<Object: Decodable>: Decodable {
        struct Payload: Decodable { var object: Object }
        var data: Payload
    }
    /// `event`; for thin events `v2.core.event`.
    private struct Kind: Decodable { var object: String? }

    /// - Throws: `Poison` if the body is not the JSON of its type.
    init(_ event: StripeEvent) throws(Poison) {
        do {
            let body = Array(event.body.utf8)
            // A thin event contains no object, whatever its type; its snapshot, by the webhook or the backfill, has the effect.
            guard try JSON.decode(Kind.self, from: body).object ?? "event" == "event" else {
                self = .nothing
                return
            }
            self =
                switch event.eventType {
                case _ where Self.intentTypes.contains(event.eventType): .intent(try JSON.decode(Event<PaymentIntent>.self, from: body).data.object)
                case _ where Self.refundTypes.contains(event.eventType): .refund(try JSON.decode(Event<StripeRefund>.self, from: body).data.object)
                case _ where Self.disputeTypes.contains(event.eventType): .dispute(try JSON.decode(Event<StripeDispute>.self, from: body).data.object)
                case Self.chargeRefunded: .charge(try JSON.decode(Event<StripeCharge>.self, from: body).data.object)
                default: .nothing
                }
        } catch {
            throw Poison(.invalidPayload, "\(event.eventType): \(JSON.explain(error))")
        }
    }

    /// The event's PaymentIntent, directly or indirectly; nil if it has none, so is not about the shop's payments.
    var paymentIntentID: String? {
        switch self {
        case .intent(let intent): intent.id
        case .refund(let refund): refund.paymentIntent?.id
        case .charge(let charge): charge.paymentIntent?.id
        case .dispute(let dispute): dispute.paymentIntent?.id
        case .nothing: nil
        }
    }

    /// Whether the event has an effect.
    var hasEffect: Bool { self.paymentIntentID != nil }
}
