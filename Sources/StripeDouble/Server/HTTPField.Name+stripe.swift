import HTTPTypes

extension HTTPField.Name {
    static let idempotencyKey = Self.literal("Idempotency-Key")
    static let idempotentReplayed = Self.literal("Idempotent-Replayed")
    static let originalRequest = Self.literal("Original-Request")
    static let requestID = Self.literal("Request-Id")
    static let stripeShouldRetry = Self.literal("Stripe-Should-Retry")
    static let stripeVersion = Self.literal("Stripe-Version")

    private static func literal(_ name: String) -> Self {
        guard let field = Self(name) else { preconditionFailure("\(name) is a token of RFC 9110") }
        return field
    }
}
