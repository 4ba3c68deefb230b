import Conveyor
import Shop

/// The used fields of a Stripe Dispute (docs.stripe.com/api/disputes/object).
struct StripeDispute: StripeObject {
    var id: String
    var status: StripeWord<DisputeStatus>
    var amount: Int64
    var currency: String
    var paymentIntent: Reference?
    var reason: String?

    enum CodingKeys: String, CodingKey {
        case id, status, amount, currency
        case paymentIntent = "payment_intent"
        case reason
    }
}
