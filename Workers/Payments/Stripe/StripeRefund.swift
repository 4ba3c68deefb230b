import Shop

/// As much of Stripe's Refund as is needed (docs.stripe.com/api/refunds/object).
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

    /// Its id here, if it was asked for here.
    var ownID: ID? { self.metadata?["refund_id"].flatMap { ID($0) } }
}
