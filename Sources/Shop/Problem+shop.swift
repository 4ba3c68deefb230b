public import Conveyor

/// The shop's problem codes. Their HTTP status and title never change.
extension Problem.Code {
    /// 400
    public static let malformedJSON = Self("malformed_json")
    /// 400
    public static let badCursor = Self("bad_cursor")
    /// 400
    public static let badSignature = Self("bad_signature")
    /// 400
    public static let badResetToken = Self("bad_reset_token")
    /// 400
    public static let paymentNotConfirmed = Self("payment_not_confirmed")
    /// 400
    public static let noPaymentIntent = Self("no_payment_intent")
    /// 400
    public static let badRequest = Self("bad_request")
    /// 401
    public static let unauthorized = Self("unauthorized")
    /// 401
    public static let badCredentials = Self("bad_credentials")
    /// 401
    public static let tokenExpired = Self("token_expired")
    /// 403
    public static let forbidden = Self("forbidden")
    /// 403
    public static let userInactive = Self("user_inactive")
    /// 403
    public static let wrongPassword = Self("wrong_password")
    /// 404
    public static let notFound = Self("not_found")
    /// 405
    public static let methodNotAllowed = Self("method_not_allowed")
    /// 406
    public static let notAcceptable = Self("not_acceptable")
    /// 409
    public static let emailTaken = Self("email_taken")
    /// 409
    public static let skuTaken = Self("sku_taken")
    /// 409
    public static let slugTaken = Self("slug_taken")
    /// 409
    public static let outOfStock = Self("out_of_stock")
    /// 409
    public static let productUnavailable = Self("product_unavailable")
    /// 409
    public static let productUnknown = Self("product_unknown")
    /// 409
    public static let cartEmpty = Self("cart_empty")
    /// 409
    public static let cartCheckedOut = Self("cart_checked_out")
    /// 409
    public static let alreadyPaid = Self("already_paid")
    /// 409
    public static let notPayable = Self("not_payable")
    /// 409
    public static let notCancellable = Self("not_cancellable")
    /// 409
    public static let notShippable = Self("not_shippable")
    /// 409
    public static let notCompletable = Self("not_completable")
    /// 409
    public static let categoryCycle = Self("category_cycle")
    /// 409
    public static let categoryInUse = Self("category_in_use")
    /// 409
    public static let refundExceedsPayment = Self("refund_exceeds_payment")
    /// 409
    public static let nothingToRefund = Self("nothing_to_refund")
    /// 409
    public static let stockBelowZero = Self("stock_below_zero")
    /// 409
    public static let tooManySubscriptions = Self("too_many_subscriptions")
    /// 408
    public static let requestTimeout = Self("request_timeout")
    /// 413
    public static let tooLarge = Self("too_large")
    /// 415
    public static let unsupportedMediaType = Self("unsupported_media_type")
    /// 422
    public static let idempotencyKeyReused = Self("idempotency_key_reused")
    /// 429
    public static let rateLimited = Self("rate_limited")
    /// 431
    public static let headersTooLarge = Self("headers_too_large")
    /// 500
    public static let internalError = Self("internal_error")
    /// 501
    public static let notImplemented = Self("not_implemented")
    /// 503
    public static let brokerUnreachable = Self("broker_unreachable")
    /// 503
    public static let brokerBlocked = Self("broker_blocked")
    /// 503
    public static let queueFull = Self("queue_full")
    /// 503
    public static let unroutable = Self("unroutable")
    /// 503
    public static let notConfirmed = Self("not_confirmed")
    /// 503
    public static let databaseUnreachable = Self("database_unreachable")

    private static let statuses: [Problem.Code: Int] = {
        let byStatus: [Int: [Problem.Code]] = [
            400: [.malformedJSON, .badCursor, .badSignature, .badResetToken, .paymentNotConfirmed, .noPaymentIntent, .badRequest],
            401: [.unauthorized, .badCredentials, .tokenExpired],
            403: [.forbidden, .userInactive, .wrongPassword],
            404: [.notFound],
            405: [.methodNotAllowed],
            406: [.notAcceptable],
            408: [.requestTimeout],
            409: [
                .emailTaken, .skuTaken, .slugTaken, .outOfStock, .productUnavailable, .productUnknown, .cartEmpty, .cartCheckedOut,
                .superseded, .alreadyPaid, .notPayable, .notCancellable, .notShippable, .notCompletable, .categoryCycle, .categoryInUse,
                .refundExceedsPayment, .nothingToRefund, .stockBelowZero, .tooManySubscriptions, .skipped,
            ],
            413: [.tooLarge],
            415: [.unsupportedMediaType],
            422: [.invalid, .idempotencyKeyReused],
            429: [.rateLimited],
            431: [.headersTooLarge],
            500: [.internalError],
            501: [.notImplemented],
            503: [.brokerUnreachable, .brokerBlocked, .queueFull, .unroutable, .notConfirmed, .databaseUnreachable],
        ]
        return Dictionary(uniqueKeysWithValues: byStatus.flatMap { status, codes in codes.map { ($0, status) } })
    }()

    /// Every code.
    public static let all: [Problem.Code] = statuses.keys.sorted { $0.rawValue < $1.rawValue }

    /// The HTTP status of the code; 409 for a code that only a newer worker knows.
    public var status: Int { Self.statuses[self] ?? 409 }

    /// A short text that is the same for all occurrences: the code in words.
    public var title: String {
        let words = self.rawValue.split(separator: "_").joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

extension Problem {
    /// A line of an order that could not be fulfilled.
    public struct Line: Codable, Sendable, Equatable {
        /// The requested product.
        public var productID: ID
        /// The requested quantity.
        public var requested: Int
        /// The remaining stock; 0 for an unknown product.
        public var available: Int

        /// A line of an order that could not be fulfilled.
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

    /// A problem with lines that could not be fulfilled: for `out_of_stock`, `product_unknown` and `product_unavailable`.
    public init(_ code: Code, _ detail: String, lines: [Line], errors: [FieldError]? = nil) {
        let members = lines.map { line in
            JSONValue.object([
                "product_id": .string(line.productID.description), "requested": .int(Int64(line.requested)), "available": .int(Int64(line.available)),
            ])
        }
        self.init(code, detail, errors: errors, extensions: ["lines": .array(members)])
    }

    /// The lines that could not be fulfilled; nil if there are none.
    public var lines: [Line]? {
        guard case .array(let members)? = self.extensions["lines"] else { return nil }
        return members.compactMap { member in
            guard let productID = member["product_id"].string.flatMap({ ID($0) }), let requested = member["requested"].integer,
                let available = member["available"].integer
            else { return nil }
            return Line(productID: productID, requested: Int(requested), available: Int(available))
        }
    }
}

extension KeyedDecodingContainer {
    /// A problem of an order. Conveyor accepts any ``Problem/extensions``; this type refuses a message whose `lines` are not ``Problem/Line``s.
    func decodeOrderProblem(forKey key: Key) throws -> Problem {
        _ = try self.decode(OrderLines.self, forKey: key)
        return try self.decode(Problem.self, forKey: key)
    }
}

/// The extension member with the lines.
private struct OrderLines: Decodable {
    let lines: [Problem.Line]?
}
