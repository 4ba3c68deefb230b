import HTTPTypes

/// One call of the API, authenticated and decoded.
struct Call: Sendable {
    /// Which key the caller showed.
    enum Access: Sendable {
        case secret
        /// A browser, as Stripe.js: only what the `client_secret` opens.
        case publishable
    }

    /// `req_…`
    var requestID: String
    var method: HTTPRequest.Method
    /// Below `/v1`, split at `/`.
    var path: [String]
    var form: Form
    var access: Access
    /// At most 255 characters; POST only.
    var idempotencyKey: String?
}

/// What a call is answered with.
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
