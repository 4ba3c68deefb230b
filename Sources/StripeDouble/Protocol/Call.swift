import HTTPTypes

/// One call of the API, authenticated and decoded.
struct Call: Sendable {
    /// The kind of API key.
    enum Access: Sendable {
        case secret
        /// A browser, as with Stripe.js: it reaches only the object with its `client_secret`.
        case publishable
    }

    /// `req_…`
    var requestID: String
    var method: HTTPRequest.Method
    /// The path below `/v1`, split at `/`.
    var path: [String]
    var form: Form
    var access: Access
    /// At most 255 characters; POST only.
    var idempotencyKey: String?
}

/// The answer to a call.
struct Answer: Sendable, Codable, Equatable {
    var status: Int
    var body: String

    init(status: Int, body: String) {
        self.status = status
        self.body = body
    }

    init(_ error: StripeError) { self.init(status: error.status, body: error.json.text) }
    init(_ json: JSON) { self.init(status: 200, body: json.text) }
}
