/// https://docs.stripe.com/api/payment_intents/object, as far as the double simulates it.
struct PaymentIntent: Stored {
    /// https://docs.stripe.com/payments/paymentintents/lifecycle
    enum Status: String, Sendable, Codable {
        case requiresPaymentMethod = "requires_payment_method"
        case requiresConfirmation = "requires_confirmation"
        case requiresAction = "requires_action"
        case processing
        case requiresCapture = "requires_capture"
        case succeeded
        case canceled
    }

    enum CaptureMethod: String, Sendable, Codable, CaseIterable {
        case automatic
        case automaticAsync = "automatic_async"
        case manual
    }

    /// `confirmation_method=manual` (the server confirms again after each action) is not simulated.
    enum ConfirmationMethod: String, Sendable, Codable, CaseIterable { case automatic }

    enum AllowRedirects: String, Sendable, Codable, CaseIterable { case always, never }

    enum CancellationReason: String, Sendable, Codable, CaseIterable {
        case duplicate, fraudulent, abandoned
        case requestedByCustomer = "requested_by_customer"
        /// Reasons that only Stripe uses.
        case automatic, expired
        case failedInvoice = "failed_invoice"
        case voidInvoice = "void_invoice"

        /// The reasons that a caller may give.
        static let allCases: [Self] = [.duplicate, .fraudulent, .abandoned, .requestedByCustomer]
    }

    enum FutureUsage: String, Sendable, Codable, CaseIterable {
        case onSession = "on_session"
        case offSession = "off_session"
    }

    let id: String
    let serial: Int
    let created: Int
    var clientSecret: String
    var status = Status.requiresPaymentMethod
    /// Minor units of `currency`.
    var amount: Int
    var amountReceived = 0
    var amountCapturable = 0
    var currency: String
    var captureMethod = CaptureMethod.automaticAsync
    /// Nil if automatic methods are off.
    var allowRedirects: AllowRedirects? = .always
    var setupFutureUsage: FutureUsage?
    var description: String?
    var receiptEmail: String?
    var statementDescriptor: String?
    var statementDescriptorSuffix: String?
    var shipping: Form?
    var metadata: [String: String] = [:]
    /// Id of a `PaymentMethod`.
    var paymentMethod: String?
    var latestCharge: String?
    var lastPaymentError: PaymentError?
    /// The page that the browser opens after the authentication.
    var returnURL: String?
    var canceledAt: Int?
    var cancellationReason: CancellationReason?
}

/// `last_payment_error`: the failure of the last attempt to pay.
struct PaymentError: Sendable, Codable, Equatable {
    var code: String
    var declineCode: String?
    var message: String
    /// `card_error`, or `invalid_request_error` for a failed authentication.
    var type = StripeError.Kind.card.rawValue
    var charge: String?
    var paymentMethod: String?
}
