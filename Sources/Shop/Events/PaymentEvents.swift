public import Conveyor

/// An order has a PaymentIntent.
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

    /// An order has a PaymentIntent.
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

/// An order's payment is under way at the bank; its deadline is prolonged.
public struct PaymentProcessing: Event {
    /// `payment.processing`.
    public static let type = "payment.processing"

    /// The order.
    public var orderID: ID
    /// `pi_…`.
    public var paymentIntentID: String

    /// An order's payment is under way at the bank; its deadline is prolonged.
    public init(orderID: ID, paymentIntentID: String) {
        self.orderID = orderID
        self.paymentIntentID = paymentIntentID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentIntentID = "payment_intent_id"
    }
}

/// Stripe holds an order's money.
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

    /// Stripe holds an order's money.
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
    /// Stripe's charge or event that failed: with the order the subject of the e-mail.
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

/// No payment can come for an order any more.
public struct PaymentCanceled: Event {
    /// `payment.canceled`.
    public static let type = "payment.canceled"

    /// The order.
    public var orderID: ID
    /// `pi_…`; nil if there never was one.
    public var paymentIntentID: String?
    /// Why, and by which side.
    public var reason: CancellationReason

    /// No payment can come for an order any more.
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

/// A refund was taken by Stripe.
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
    /// All refunds of the order together.
    public var amountRefunded: Int64

    /// A refund was taken by Stripe.
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

/// A refund failed, perhaps days later; the money is the shop's again.
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
    /// All refunds of the order that stand.
    public var amountRefunded: Int64
    /// Stripe's failure reason.
    public var reason: String?

    /// A refund failed, perhaps days later; the money is the shop's again.
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

/// A customer disputes a charge, or that dispute moved.
public struct PaymentDisputed: Event {
    /// `payment.disputed`.
    public static let type = "payment.disputed"

    /// The order.
    public var orderID: ID
    /// `dp_…`.
    public var disputeID: String
    /// How it stands.
    public var status: DisputeStatus
    /// In the minor unit.
    public var amount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// A customer disputes a charge, or that dispute moved.
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
