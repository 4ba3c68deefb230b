public import Conveyor

/// A PaymentIntent was created for an order.
public struct PaymentIntentCreated: Event {
    /// `payment.intent_created`.
    public static let type = "payment.intent_created"

    /// The order.
    public var orderID: ID
    /// `pi_…`.
    public var paymentIntentID: String
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// A PaymentIntent was created for an order.
    public init(orderID: ID, paymentIntentID: String, amount: Int64, currency: String) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
        self.amount = amount
        self.currency = currency
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
        case amount, currency
    }
}

/// The bank is processing an order's payment; the order's deadline is extended.
public struct PaymentProcessing: Event {
    /// `payment.processing`.
    public static let type = "payment.processing"

    /// The order.
    public var orderID: ID
    /// `pi_…`.
    public var paymentIntentID: String

    /// The bank is processing an order's payment; the order's deadline is extended.
    public init(orderID: ID, paymentIntentID: String) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
    }
}

/// An order's payment succeeded: Stripe has the money.
public struct PaymentSucceeded: Event {
    /// `payment.succeeded`.
    public static let type = "payment.succeeded"

    /// The order.
    public var orderID: ID
    /// `pi_…`.
    public var paymentIntentID: String
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// An order's payment succeeded: Stripe has the money.
    public init(orderID: ID, paymentIntentID: String, amount: Int64, currency: String) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
        self.amount = amount
        self.currency = currency
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
        case amount, currency
    }
}

/// An attempt to pay failed; the order can still be paid.
public struct PaymentFailed: Event {
    /// `payment.failed`.
    public static let type = "payment.failed"

    /// The order.
    public var orderID: ID
    /// `pi_…`.
    public var paymentIntentID: String
    /// Stripe's decline code, or error code.
    public var failureCode: String?
    /// The failed charge or event at Stripe: with the order the subject of the e-mail.
    public var attempt: String

    /// An attempt to pay failed; the order can still be paid.
    public init(orderID: ID, paymentIntentID: String, failureCode: String? = nil, attempt: String) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
        self.failureCode = failureCode
        self.attempt = attempt
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
        case failureCode = "failure_code"
        case attempt
    }
}

/// An order's PaymentIntent is cancelled, so no payment can come any more.
public struct PaymentCanceled: Event {
    /// `payment.canceled`.
    public static let type = "payment.canceled"

    /// The order.
    public var orderID: ID
    /// `pi_…`; nil if there was none.
    public var paymentIntentID: String?
    /// The canceller and the reason.
    public var reason: CancellationReason

    /// An order's PaymentIntent is cancelled, so no payment can come any more.
    public init(orderID: ID, paymentIntentID: String? = nil, reason: CancellationReason) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
        case reason
    }
}

/// Stripe accepted a refund.
public struct PaymentRefunded: Event {
    /// `payment.refunded`.
    public static let type = "payment.refunded"

    /// The order.
    public var orderID: ID
    /// `re_…`.
    public var refundID: String
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String
    /// The order's refunds in total.
    public var amountRefunded: Int64

    /// Stripe accepted a refund.
    public init(orderID: ID, refundID: String, amount: Int64, currency: String, amountRefunded: Int64) {
        self.orderID = orderID
        self.refundID = refundID
        self.amount = amount
        self.currency = currency
        self.amountRefunded = amountRefunded
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case refundID = "refund_id"
        case amount, currency
        case amountRefunded = "amount_refunded"
    }
}

/// A refund failed, perhaps days later; the shop has the money again.
public struct PaymentRefundFailed: Event {
    /// `payment.refund_failed`.
    public static let type = "payment.refund_failed"

    /// The order.
    public var orderID: ID
    /// `re_…`.
    public var refundID: String
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String
    /// The order's remaining refunds in total.
    public var amountRefunded: Int64
    /// Stripe's failure reason.
    public var reason: String?

    /// A refund failed, perhaps days later; the shop has the money again.
    public init(orderID: ID, refundID: String, amount: Int64, currency: String, amountRefunded: Int64, reason: String? = nil) {
        self.orderID = orderID
        self.refundID = refundID
        self.amount = amount
        self.currency = currency
        self.amountRefunded = amountRefunded
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case refundID = "refund_id"
        case amount, currency
        case amountRefunded = "amount_refunded"
        case reason
    }
}

/// A customer disputes a charge, or a dispute changed.
public struct PaymentDisputed: Event {
    /// `payment.disputed`.
    public static let type = "payment.disputed"

    /// The order.
    public var orderID: ID
    /// `dp_…`.
    public var disputeID: String
    /// The dispute's status.
    public var status: DisputeStatus
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// A customer disputes a charge, or a dispute changed.
    public init(orderID: ID, disputeID: String, status: DisputeStatus, amount: Int64, currency: String) {
        self.orderID = orderID
        self.disputeID = disputeID
        self.status = status
        self.amount = amount
        self.currency = currency
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case disputeID = "dispute_id"
        case status, amount, currency
    }
}
