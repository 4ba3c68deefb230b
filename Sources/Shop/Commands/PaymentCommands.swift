public import Conveyor
import Crypto

/// Creates, or finds, the one live PaymentIntent of an order.
public struct CreateIntent: Command {
    /// `payments.create_intent`.
    public static let type = "payments.create_intent"

    /// The order.
    public var orderID: ID

    /// Creates, or finds, the one live PaymentIntent of an order.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// Asks Stripe for the status of an order's PaymentIntent.
public struct ConfirmPayment: Command {
    /// `payments.confirm`.
    public static let type = "payments.confirm"

    /// The order.
    public var orderID: ID

    /// Asks Stripe for the status of an order's PaymentIntent.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// Refunds an order's payment; the refund's id is the message's.
public struct RefundPayment: Command {
    /// `payments.refund`.
    public static let type = "payments.refund"

    /// The order.
    public var orderID: ID
    /// In the minor unit; the whole remainder if nil.
    public var amount: Int64?
    /// Stripe's reason: duplicate, fraudulent or requested_by_customer.
    public var reason: String?
    /// A note for people.
    public var note: String?

    /// Refunds an order's payment; the refund's id is the message's.
    public init(orderID: ID, amount: Int64? = nil, reason: String? = nil, note: String? = nil) {
        self.orderID = orderID
        self.amount = amount
        self.reason = reason
        self.note = note
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case amount, reason, note
    }
}

/// Cancels an order's PaymentIntent, so that no payment can come any more; a completed payment stays.
public struct CancelIntent: Command {
    /// `payments.cancel_intent`.
    public static let type = "payments.cancel_intent"

    /// The order.
    public var orderID: ID
    /// The reason.
    public var reason: CancellationReason

    /// Cancels an order's PaymentIntent, so that no payment can come any more; a completed payment stays.
    public init(orderID: ID, reason: CancellationReason) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// A Stripe event from the webhook, with a verified signature.
public struct StripeEvent: Command {
    /// `payments.stripe_event`.
    public static let type = "payments.stripe_event"

    /// `evt_…`.
    public var eventID: String
    /// E.g. `payment_intent.succeeded`.
    public var eventType: String
    /// When Stripe created it, in Unix time.
    public var created: Int64
    /// The raw JSON, exactly as it was signed.
    public var body: String

    /// A Stripe event from the webhook, with a verified signature.
    public init(eventID: String, eventType: String, created: Int64, body: String) {
        self.eventID = eventID
        self.eventType = eventType
        self.created = created
        self.body = body
    }

    enum CodingKeys: String, CodingKey {
        case eventID = "event_id"
        case eventType = "event_type"
        case created, body
    }

    /// The message id of an event: the same for each delivery of the webhook and for the backfill, so the event is handled once.
    public static func messageID(_ eventID: String) -> ID {
        ID(digest: SHA256.hash(data: Array("stripe:\(eventID)".utf8)), version: 8)
    }
}

/// Compares an order's payment with Stripe and repairs the differences.
public struct ReconcilePayment: Command {
    /// `payments.reconcile`.
    public static let type = "payments.reconcile"

    /// The order.
    public var orderID: ID

    /// Compares an order's payment with Stripe and repairs the differences.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}
