import Conveyor
import Shop

/// The used fields of a Stripe PaymentIntent (docs.stripe.com/api/payment_intents/object).
struct PaymentIntent: StripeObject {
    /// The error of the last failed attempt.
    struct LastError: Decodable, Sendable {
        var charge: Reference?
        var code: String?
        var declineCode: String?
        var message: String?
        var paymentMethod: Reference?

        enum CodingKeys: String, CodingKey {
            case charge, code
            case declineCode = "decline_code"
            case message
            case paymentMethod = "payment_method"
        }

        /// The reason as a code.
        var reason: String? { self.declineCode ?? self.code }
    }

    var id: String
    var status: StripeWord<IntentStatus>
    var amount: Int64
    var amountReceived: Int64?
    var currency: String
    var clientSecret: String?
    var latestCharge: Reference?
    /// In API versions before 2022-11-15, instead of the latest charge: all of them, newest first.
    var charges: StripeList<Reference>?
    var lastPaymentError: LastError?

    enum CodingKeys: String, CodingKey {
        case id, status, amount
        case amountReceived = "amount_received"
        case currency
        case clientSecret = "client_secret"
        case latestCharge = "latest_charge"
        case charges
        case lastPaymentError = "last_payment_error"
    }

    /// Whether the status is final.
    var isFinal: Bool { self.status.meaning?.isFinal ?? false }

    /// Identifies its failed attempt: by the failed charge, else by the payment method, else by `fallback`.
    /// nil if it did not fail.
    func failedAttempt(orElse fallback: String? = nil) -> String? {
        guard self.status.meaning == .requiresPaymentMethod else { return nil }
        guard let error = self.lastPaymentError else { return fallback }
        return error.charge?.id ?? error.paymentMethod?.id ?? fallback ?? error.reason ?? "unknown"
    }
}
