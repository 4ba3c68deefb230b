public import Conveyor
import Crypto

/// Makes, or finds, the one live PaymentIntent of an order.
public struct CreateIntent: Command {
    /// `payments.create_intent`.
    public static let type = "payments.create_intent"

    /// The order.
    public var orderID: ID

    /// Makes, or finds, the one live PaymentIntent of an order.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// Asks Stripe how an order's PaymentIntent stands.
public struct ConfirmPayment: Command {
    /// `payments.confirm`.
    public static let type = "payments.confirm"

    /// The order.
    public var orderID: ID

    /// Asks Stripe how an order's PaymentIntent stands.
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
    /// In the minor unit; all that is left if nil.
    public var amount: Int64?
    /// One of Stripe's: duplicate, fraudulent, requested_by_customer.
    public var reason: String?
    /// Why, for people.
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

/// Makes sure that no payment can come for an order any more; a payment that has won stays.
public struct CancelIntent: Command {
    /// `payments.cancel_intent`.
    public static let type = "payments.cancel_intent"

    /// The order.
    public var orderID: ID
    /// Why.
    public var reason: CancellationReason

    /// Makes sure that no payment can come for an order any more; a payment that has won stays.
    public init(orderID: ID, reason: CancellationReason) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// An event as Stripe's webhook sent it, its signature verified.
public struct StripeEvent: Command {
    /// `payments.stripe_event`.
    public static let type = "payments.stripe_event"

    /// `evt_…`.
    public var eventID: String
    /// E.g. `payment_intent.succeeded`.
    public var eventType: String
    /// Unix time at Stripe.
    public var created: Int64
    /// The raw JSON, exactly as it was signed.
    public var body: String

    /// An event as Stripe's webhook sent it, its signature verified.
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

    /// The id of the message that brings this event, however it gets here: sent twice by the webhook, or fetched by the backfill, it is handled once.
    public static func messageID(_ eventID: String) -> ID {
        ID(digest: SHA256.hash(data: Array("stripe:\(eventID)".utf8)), version: 8)
    }
}

/// Compares one order's payment with Stripe and repairs what differs.
public struct ReconcilePayment: Command {
    /// `payments.reconcile`.
    public static let type = "payments.reconcile"

    /// The order.
    public var orderID: ID

    /// Compares one order's payment with Stripe and repairs what differs.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}
