import Conveyor
import Shop
import Transfer

/// A refusal by Stripe, or a failed call (docs.stripe.com/api/errors).
struct StripeError: Error, Sendable {
    private struct Body: Decodable {
        struct Details: Decodable {
            var type: String?
            var code: String?
            var declineCode: String?
            var message: String?
            var param: String?

            enum CodingKeys: String, CodingKey {
                case type, code
                case declineCode = "decline_code"
                case message, param
            }
        }
        var error: Details
    }

    /// The HTTP status; 0 without an answer, a 2xx if the answer could not be decoded.
    let status: Int
    /// `card_error`, `invalid_request_error`, `idempotency_error`, `api_error`.
    let type: String?
    /// E.g. `payment_intent_unexpected_state`.
    let code: String?
    /// E.g. `insufficient_funds`.
    let declineCode: String?
    /// The offending parameter, e.g. `amount`.
    let parameter: String?
    /// For the customer if it is a card error, else for the shop's staff.
    let message: String
    /// The call, e.g. `POST /v1/refunds`.
    let name: String
    /// For the trace; nil until the last attempt.
    var call: StripeClient.Call?
    /// Stripe's advice about retrying.
    private let shouldRetry: Bool?
    private let retryAfter: Duration?

    init(_ response: HTTPResponse, name: String) {
        let details = try? JSON.decode(Body.self, from: response.body).error
        self.status = response.status
        self.type = details?.type
        self.code = details?.code
        self.declineCode = details?.declineCode
        self.parameter = details?.param
        self.message = details?.message ?? (200..<300 ~= response.status ? "an answer that is not understood" : "status \(response.status)")
        self.name = name
        self.shouldRetry = response.headers["Stripe-Should-Retry"].map { $0 == "true" }
        self.retryAfter = response.headers.retryAfter
    }

    init(unreachable error: TransferError, name: String) {
        self.status = 0
        self.type = nil
        self.code = nil
        self.declineCode = nil
        self.parameter = nil
        self.message = "\(error)"
        self.name = name
        self.shouldRetry = nil
        self.retryAfter = nil
    }

    /// For the trace and the log.
    var outcome: String { self.status == 0 ? "unreachable" : "\(self.status)" + (self.code.map { " \($0)" } ?? "") }

    /// Whether a quick retry makes sense: `Stripe-Should-Retry` decides, else lost connections, conflicts and server errors; a 429 without the
    /// header is retried later.
    var isWorthAnotherTryNow: Bool { self.shouldRetry ?? (self.status == 0 || self.status == 409 || self.status >= 500) }

    /// Whether Stripe refused for good and did nothing. Otherwise it may have acted, or may act later.
    var isRefusal: Bool { self.type != "idempotency_error" && (self.sorted is Poison || self.sorted is Problem) }

    /// Stripe does not accept this amount or currency: the customer gets a problem, since no repair of the message would help.
    var refusesTheSum: Bool {
        guard self.isRefusal, self.status == 400 else { return false }
        let codes = ["amount_too_small", "amount_too_large", "invalid_charge_amount", "invalid_charge_amount_no_decimal_compatible"]
        return self.parameter == "amount" || self.parameter == "currency" || self.code.map(codes.contains) ?? false
    }

    /// The API key is of another mode or account, or has expired.
    private static let codesOfTheKey = ["api_key_expired", "platform_api_key_expired", "livemode_mismatch"]

    /// The worker's error: a problem for the customer, wrong settings, a bug, or a retry.
    var sorted: any Error {
        switch (self.status, self.type) {
        case (_, "card_error"): Problem(.paymentNotConfirmed, self.customersMessage)
        case (401, _), (403, _): Misconfigured("STRIPE_SECRET_KEY: \(self.name): \(self.status) \(self.message)")
        case (400, _) where self.code.map(Self.codesOfTheKey.contains) ?? false:
            Misconfigured("STRIPE_SECRET_KEY: \(self.name): \(self.outcome): \(self.message)")
        case (0, _), (409, _), (429, _), (500..., _): Transient("Stripe, \(self.name): \(self.outcome): \(self.message)", retryAfter: self.retryAfter)
        // Stripe may well have acted, so the call is repeated with its key.
        case (200..<300, _): Transient("Stripe, \(self.name): \(self.message)", exhaustedAs: .bug)
        default: Poison(.refusedByStripe, "\(self.name): \(self.outcome): \(self.message)")
        }
    }

    /// Runs calls to Stripe and throws their errors as ``sorted``.
    static func sorting<Value: Sendable>(_ calls: () async throws -> Value) async throws -> Value {
        do {
            return try await calls()
        } catch {
            guard let error = error as? StripeError else { throw error }
            throw error.sorted
        }
    }

    /// Stripe advises not to reveal why a card was declined, in case it is stolen (docs.stripe.com/declines/codes).
    private var customersMessage: String {
        ["fraudulent", "lost_card", "stolen_card", "merchant_blacklist", "pickup_card"].contains(self.declineCode ?? "")
            ? "Your card was declined." : self.message
    }
}
