public import Conveyor

/// A user's cart changed.
public struct CartChanged: Event {
    /// `cart.changed`.
    public static let type = "cart.changed"

    /// The account.
    public var userID: ID

    /// A user's cart changed.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// An order was placed, and its stock is being reserved.
public struct OrderPlaced: Event {
    /// `order.placed`.
    public static let type = "order.placed"

    /// The order.
    public var orderID: ID
    /// The account.
    public var userID: ID
    /// In the minor unit.
    public var totalAmount: Int64
    /// ISO 4217, lower case.
    public var currency: String

    /// An order was placed, and its stock is being reserved.
    public init(orderID: ID, userID: ID, totalAmount: Int64, currency: String) {
        self.orderID = orderID
        self.userID = userID
        self.totalAmount = totalAmount
        self.currency = currency
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case userID = "user_id"
        case totalAmount = "total_amount"
        case currency
    }
}

/// An order's stock is reserved until its deadline.
public struct OrderAwaitingPayment: Event {
    /// `order.awaiting_payment`.
    public static let type = "order.awaiting_payment"

    /// The order.
    public var orderID: ID
    /// RFC 3339.
    public var paymentDueAt: String

    /// An order's stock is reserved until its deadline.
    public init(orderID: ID, paymentDueAt: String) {
        self.orderID = orderID
        self.paymentDueAt = paymentDueAt
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case paymentDueAt = "payment_due_at"
    }
}

/// An order was rejected.
public struct OrderRejected: Event {
    /// `order.rejected`.
    public static let type = "order.rejected"

    /// The order.
    public var orderID: ID
    /// The reason.
    public var problem: Problem

    /// An order was rejected.
    public init(orderID: ID, problem: Problem) {
        self.orderID = orderID
        self.problem = problem
    }

    /// Decodes the problem's lines as strictly as the other fields.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.orderID = try members.decode(ID.self, forKey: .orderID)
        self.problem = try members.decodeOrderProblem(forKey: .problem)
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case problem
    }
}

/// An order was paid.
public struct OrderPaid: Event {
    /// `order.paid`.
    public static let type = "order.paid"

    /// The order.
    public var orderID: ID

    /// An order was paid.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// An order was shipped.
public struct OrderShipped: Event {
    /// `order.shipped`.
    public static let type = "order.shipped"

    /// The order.
    public var orderID: ID

    /// An order was shipped.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// An order was delivered.
public struct OrderCompleted: Event {
    /// `order.completed`.
    public static let type = "order.completed"

    /// The order.
    public var orderID: ID

    /// An order was delivered.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// An order was cancelled.
public struct OrderCancelled: Event {
    /// `order.cancelled`.
    public static let type = "order.cancelled"

    /// The order.
    public var orderID: ID
    /// The customer's reason.
    public var reason: String?

    /// An order was cancelled.
    public init(orderID: ID, reason: String? = nil) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// An order was not paid in time.
public struct OrderExpired: Event {
    /// `order.expired`.
    public static let type = "order.expired"

    /// The order.
    public var orderID: ID

    /// An order was not paid in time.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}
