/// A problem of RFC 9457, as the API answers it and as a rejected operation keeps it.
public struct Problem: Error, Codable, Sendable, Equatable {
    /// What went wrong, from a closed list; the `type` is `/problems/<code>`.
    public var code: Code
    /// What a person should know about this occurrence.
    public var detail: String
    /// The lines of an order that could not be served, for `out_of_stock`, `product_unknown` and `product_unavailable`.
    public var lines: [Line]?
    /// The fields that are wrong, for `invalid`.
    public var errors: [FieldError]?

    /// One line of an order that could not be served.
    public struct Line: Codable, Sendable, Equatable {
        /// The product asked for.
        public var productID: ID
        /// Units asked for.
        public var requested: Int
        /// Units that can be sold now; 0 for an unknown product.
        public var available: Int

        /// One line of an order that could not be served.
        public init(productID: ID, requested: Int, available: Int) {
            self.productID = productID
            self.requested = requested
            self.available = available
        }

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case requested, available
        }
    }

    /// One field of a request that is wrong.
    public struct FieldError: Codable, Sendable, Equatable {
        /// The path of the field, e.g. `items[0].quantity`.
        public var field: String
        /// What is wrong with it, without its value.
        public var message: String

        /// One field of a request that is wrong.
        public init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    /// A problem with this code and detail.
    public init(_ code: Code, _ detail: String, lines: [Line]? = nil, errors: [FieldError]? = nil) {
        self.code = code
        self.detail = detail
        self.lines = lines
        self.errors = errors
    }
}

extension Problem {
    /// The codes of all problems. Their HTTP status and title never change.
    public enum Code: String, Codable, Sendable, CaseIterable {
        case malformedJSON = "malformed_json"
        case badCursor = "bad_cursor"
        case badSignature = "bad_signature"
        case badResetToken = "bad_reset_token"
        case paymentNotConfirmed = "payment_not_confirmed"
        case noPaymentIntent = "no_payment_intent"
        case badRequest = "bad_request"
        case unauthorized, badCredentials = "bad_credentials", tokenExpired = "token_expired"
        case forbidden, userInactive = "user_inactive", wrongPassword = "wrong_password"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case emailTaken = "email_taken", skuTaken = "sku_taken", slugTaken = "slug_taken"
        case outOfStock = "out_of_stock", productUnavailable = "product_unavailable", productUnknown = "product_unknown"
        case cartEmpty = "cart_empty", cartCheckedOut = "cart_checked_out", superseded, alreadyPaid = "already_paid", notPayable = "not_payable"
        case notCancellable = "not_cancellable", notShippable = "not_shippable", notCompletable = "not_completable"
        case categoryCycle = "category_cycle", categoryInUse = "category_in_use"
        case refundExceedsPayment = "refund_exceeds_payment", nothingToRefund = "nothing_to_refund"
        case stockBelowZero = "stock_below_zero"
        case tooManySubscriptions = "too_many_subscriptions"
        case skipped
        case requestTimeout = "request_timeout"
        case tooLarge = "too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case invalid, idempotencyKeyReused = "idempotency_key_reused"
        case rateLimited = "rate_limited"
        case headersTooLarge = "headers_too_large"
        case internalError = "internal_error", notImplemented = "not_implemented"
        case brokerUnreachable = "broker_unreachable", brokerBlocked = "broker_blocked", queueFull = "queue_full"
        case unroutable, notConfirmed = "not_confirmed", databaseUnreachable = "database_unreachable"

        /// The HTTP status it is answered with.
        public var status: Int {
            switch self {
            case .malformedJSON, .badCursor, .badSignature, .badResetToken, .paymentNotConfirmed, .noPaymentIntent, .badRequest: 400
            case .unauthorized, .badCredentials, .tokenExpired: 401
            case .forbidden, .userInactive, .wrongPassword: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .notAcceptable: 406
            case .emailTaken, .skuTaken, .slugTaken, .outOfStock, .productUnavailable, .productUnknown, .cartEmpty, .cartCheckedOut, .superseded,
                .alreadyPaid, .notPayable,
                .notCancellable, .notShippable, .notCompletable, .categoryCycle, .categoryInUse, .refundExceedsPayment, .nothingToRefund,
                .stockBelowZero, .tooManySubscriptions, .skipped:
                409
            case .requestTimeout: 408
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .invalid, .idempotencyKeyReused: 422
            case .rateLimited: 429
            case .headersTooLarge: 431
            case .internalError: 500
            case .notImplemented: 501
            case .brokerUnreachable, .brokerBlocked, .queueFull, .unroutable, .notConfirmed, .databaseUnreachable: 503
            }
        }

        /// A short text that is the same for each occurrence: the code in words.
        public var title: String {
            let words = self.rawValue.split(separator: "_").joined(separator: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }
}
