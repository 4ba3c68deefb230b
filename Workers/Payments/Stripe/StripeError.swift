import Conveyor
import Shop
import Transfer

/// What Stripe refused, or that it could not be asked (docs.stripe.com/api/errors).
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

    /// The HTTP status; 0 if there was no answer, a good one if the answer was not understood.
    let status: Int
    /// `card_error`, `invalid_request_error`, `idempotency_error`, `api_error`.
    let type: String?
    /// E.g. `payment_intent_unexpected_state`.
    let code: String?
    /// E.g. `insufficient_funds`.
    let declineCode: String?
    /// The parameter that is wrong, e.g. `amount`.
    let parameter: String?
    /// For the customer if it is a card error, else for a person of the shop.
    let message: String
    /// What was asked, e.g. `POST /v1/refunds`.
    let name: String
    /// For the trace; nil until the last try.
    var call: StripeClient.Call?
    /// What Stripe says of trying again.
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

    /// Whether a quick second try makes sense: `Stripe-Should-Retry` decides, else lost connections, conflicts and errors of the server; a 429 without the
    /// header is for later.
    var isWorthAnotherTryNow: Bool { self.shouldRetry ?? (self.status == 0 || self.status == 409 || self.status >= 500) }

    /// Stripe has said no for good and has done nothing. Otherwise it may have been done, or may be later.
    var isRefusal: Bool { self.type != "idempotency_error" && (self.sorted is Poison || self.sorted is Problem) }

    /// Stripe takes no payment of that amount or currency: an answer for the customer, since no repair of the message would help.
    var refusesTheSum: Bool {
        guard self.isRefusal, self.status == 400 else { return false }
        let codes = ["amount_too_small", "amount_too_large", "invalid_charge_amount", "invalid_charge_amount_no_decimal_compatible"]
        return self.parameter == "amount" || self.parameter == "currency" || self.code.map(codes.contains) ?? false
    }

    /// Of the key: it is of another mode or account, or has ended.
    private static let codesOfTheKey = ["api_key_expired", "platform_api_key_expired", "livemode_mismatch"]

    /// What it means for the message: the customer's answer, the shop's settings, a bug, or later.
    var sorted: any Error {
        switch (self.status, self.type) {
        case (_, "card_error"): Problem(.paymentNotConfirmed, self.customersMessage)
        case (401, _), (403, _): Misconfigured("STRIPE_SECRET_KEY: \(self.name): \(self.status) \(self.message)")
        case (400, _) where self.code.map(Self.codesOfTheKey.contains) ?? false:
            Misconfigured("STRIPE_SECRET_KEY: \(self.name): \(self.outcome): \(self.message)")
        case (0, _), (409, _), (429, _), (500..., _): Transient("Stripe, \(self.name): \(self.outcome): \(self.message)", retryAfter: self.retryAfter)
        // It may well have been done, so it is asked again under its key.
        case (200..<300, _): Transient("Stripe, \(self.name): \(self.message)", exhaustedAs: .bug)
        default: Poison(.refusedByStripe, "\(self.name): \(self.outcome): \(self.message)")
        }
    }

    /// Runs calls to Stripe; their errors are thrown as ``sorted``.
    static func sorting<Value: Sendable>(_ calls: () async throws -> Value) async throws -> Value {
        do {
            return try await calls()
        } catch {
            guard let error = error as? StripeError else { throw error }
            throw error.sorted
        }
    }

    /// Stripe asks not to tell a thief why a card was declined (docs.stripe.com/declines/codes).
    private var customersMessage: String {
        ["fraudulent", "lost_card", "stolen_card", "merchant_blacklist", "pickup_card"].contains(self.declineCode ?? "")
            ? "Your card was declined." : self.message
    }
}
