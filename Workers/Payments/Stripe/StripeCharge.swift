/// The used fields of a Stripe Charge (docs.stripe.com/api/charges/object).
struct StripeCharge: StripeObject {
    var id: String
    var paymentIntent: Reference?
    /// The sum of all refunds that did not fail.
    var amountRefunded: Int64?
    /// Only in older API versions, or expanded.
    var refunds: StripeList<StripeRefund>?

    enum CodingKeys: String, CodingKey {
        case id
        case paymentIntent = "payment_intent"
        case amountRefunded = "amount_refunded"
        case refunds
    }
}
