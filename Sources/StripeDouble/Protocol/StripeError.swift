/// An error as Stripe answers it: an HTTP status and `{"error": {type, code, decline_code, message, param, doc_url, …}}`.
///
/// https://docs.stripe.com/api/errors, https://docs.stripe.com/error-codes
struct StripeError: Error, Sendable {
    /// https://docs.stripe.com/api/errors#errors-type, and the type of rate limits.
    enum Kind: String, Sendable {
        case api = "api_error"
        case card = "card_error"
        case idempotency = "idempotency_error"
        case invalidRequest = "invalid_request_error"
        case rateLimit = "rate_limit_error"
    }

    var status: Int
    var kind: Kind = .invalidRequest
    var code: String?
    var declineCode: String?
    var message: String
    var param: String?
    /// The failed attempt's charge.
    var charge: String?
    /// The whole PaymentIntent after the error.
    var paymentIntent: JSON?
    var paymentMethod: JSON?
    /// Whether the endpoint had begun its work; only then the answer is kept under the idempotency key.
    var executed = false

    var json: JSON {
        var members: [JSON.Member] = []
        func add(_ name: String, _ value: JSON?) { if let value { members.append(JSON.Member(name: name, value: value)) } }
        add("charge", self.charge.map(JSON.string))
        add("code", self.code.map(JSON.string))
        add("decline_code", self.declineCode.map(JSON.string))
        add("doc_url", self.code.map { .string("https://docs.stripe.com/error-codes#" + $0.replacing("_", with: "-")) })
        add("message", .string(self.message))
        add("param", self.param.map(JSON.string))
        add("payment_intent", self.paymentIntent)
        add("payment_method", self.paymentMethod)
        add("type", .string(self.kind.rawValue))
        return ["error": .object(members)]
    }
}

extension StripeError {
    static func badRequest(_ message: String, code: String? = nil, param: String? = nil) -> Self {
        Self(status: 400, code: code, message: message, param: param)
    }

    /// A refusal that depends on the object's state, not on the form of the request.
    static func refused(_ message: String, code: String? = nil, param: String? = nil, paymentIntent: JSON? = nil) -> Self {
        Self(status: 400, code: code, message: message, param: param, paymentIntent: paymentIntent, executed: true)
    }

    static func missing(_ param: String) -> Self { .badRequest("Missing required param: \(param).", code: "parameter_missing", param: param) }

    /// An unknown id: 404 in a path, 400 in a parameter.
    static func noSuch(_ object: String, _ id: String, param: String? = nil) -> Self {
        Self(
            status: param == nil ? 404 : 400, code: "resource_missing", message: "No such \(object): '\(id)'",
            param: param ?? (object == "payment_intent" ? "intent" : "id"))
    }

    static func unknownURL(_ method: String, _ path: String) -> Self {
        Self(status: 404, message: "Unrecognized request URL (\(method): \(path)). Please see https://stripe.com/docs.")
    }

    static let noKey = Self(
        status: 401,
        message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
            + "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")

    static let publishableKeyRefused = Self(
        status: 403, code: "secret_key_required", message: "This API call cannot be made with a publishable API key. Please use a secret API key.")

    /// The state file cannot be written: the client gets a server error, and the process ends.
    static let stateFile = Self(status: 500, kind: .api, message: "The double cannot write its state file.")

    static let keyInUse = Self(
        status: 409, kind: .invalidRequest, code: "idempotency_key_in_use",
        message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the "
            + "other request is still going through). Please try again later.")
}
