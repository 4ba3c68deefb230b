/// The fields that we need of a Stripe Charge (docs.stripe.com/api/charges/object).
struct StripeCharge: StripeObject {
    var id: String
    var paymentIntent: Reference?
    /// All refunds together that did not fail.
    var amountRefunded: Int64?
    /// Only in older versions of the API, or expanded.
    var refunds: StripeList<StripeRefund>?

    enum CodingKeys: String, CodingKey {
        case id
        case paymentIntent = "payment_intent"
        case amountRefunded = "amount_refunded"
        case refunds
    }
}
