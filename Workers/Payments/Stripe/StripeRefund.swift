import Conveyor
import Shop

/// The used fields of a Stripe Refund (docs.stripe.com/api/refunds/object).
struct StripeRefund: StripeObject {
    var id: String
    /// Null in some older answers.
    var status: StripeWord<RefundStatus>?
    var amount: Int64
    var currency: String
    var paymentIntent: Reference?
    var reason: String?
    var failureReason: String?
    var metadata: [String: String]?

    enum CodingKeys: String, CodingKey {
        case id, status, amount, currency
        case paymentIntent = "payment_intent"
        case reason
        case failureReason = "failure_reason"
        case metadata
    }

    /// The shop's id, if the refund was requested here.
    var ownID: ID? { self.metadata?["refund_id"].flatMap { ID($0) } }
}
