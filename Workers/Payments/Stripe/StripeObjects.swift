import Shop

/// As much of Stripe's PaymentIntent as is needed (docs.stripe.com/api/payment_intents/object).
struct PaymentIntent: Decodable, Sendable {
    struct LastError: Decodable, Sendable {
        var code: String?
        var declineCode: String?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case code
            case declineCode = "decline_code"
            case message
        }
    }

    var id: String
    var status: String
    var amount: Int64
    var amountReceived: Int64?
    var currency: String
    var clientSecret: String?
    var latestCharge: String?
    var lastPaymentError: LastError?
    var cancellationReason: String?
    var metadata: [String: String]?

    enum CodingKeys: String, CodingKey {
        case id, status, amount
        case amountReceived = "amount_received"
        case currency
        case clientSecret = "client_secret"
        case latestCharge = "latest_charge"
        case lastPaymentError = "last_payment_error"
        case cancellationReason = "cancellation_reason"
        case metadata
    }

    /// The order that it was made for, if it was made here.
    var orderID: ID? { self.metadata?["order_id"].flatMap { ID($0) } }
}

/// As much of Stripe's Refund as is needed.
struct StripeRefund: Decodable, Sendable {
    var id: String
    var status: String?
    var amount: Int64
    var currency: String
    var paymentIntent: String?
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
}

/// As much of Stripe's Dispute as is needed.
struct StripeDispute: Decodable, Sendable {
    var id: String
    var status: String
    var amount: Int64
    var currency: String
    var paymentIntent: String?
    var reason: String?

    enum CodingKeys: String, CodingKey {
        case id, status, amount, currency
        case paymentIntent = "payment_intent"
        case reason
    }
}
