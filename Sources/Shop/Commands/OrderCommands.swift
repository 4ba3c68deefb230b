public import Conveyor

/// Puts an absolute quantity of a product into a user's cart; 0 removes it.
public struct SetCartItem: OrderedCommand {
    /// `orders.set_cart_item`.
    public static let type = "orders.set_cart_item"

    /// The account.
    public var userID: ID
    /// The product.
    public var productID: ID
    /// Units, absolute.
    public var quantity: Int

    /// Puts an absolute quantity of a product into a user's cart; 0 removes it.
    public init(userID: ID, productID: ID, quantity: Int) {
        self.userID = userID
        self.productID = productID
        self.quantity = quantity
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case productID = "product_id"
        case quantity
    }
}

/// Empties a user's cart.
public struct ClearCart: OrderedCommand {
    /// `orders.clear_cart`.
    public static let type = "orders.clear_cart"

    /// The account.
    public var userID: ID

    /// Empties a user's cart.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// Turns a user's cart into an order, whose id is the message's, and empties it in one step.
public struct CheckoutCart: OrderedCommand {
    /// `orders.checkout_cart`.
    public static let type = "orders.checkout_cart"

    /// The account.
    public var userID: ID
    /// Where to send it.
    public var shippingAddress: Address
    /// Where to send the bill; the shipping address if nil.
    public var billingAddress: Address?

    /// Turns a user's cart into an order, whose id is the message's, and empties it in one step.
    public init(userID: ID, shippingAddress: Address, billingAddress: Address? = nil) {
        self.userID = userID
        self.shippingAddress = shippingAddress
        self.billingAddress = billingAddress
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case shippingAddress = "shipping_address"
        case billingAddress = "billing_address"
    }
}

/// Places an order, whose id is the message's.
public struct PlaceOrder: Command {
    /// `orders.place`.
    public static let type = "orders.place"

    /// The account.
    public var userID: ID
    /// What is ordered; each product once.
    public var items: [OrderLine]
    /// Where to send it.
    public var shippingAddress: Address
    /// Where to send the bill; the shipping address if nil.
    public var billingAddress: Address?

    /// Places an order, whose id is the message's.
    public init(userID: ID, items: [OrderLine], shippingAddress: Address, billingAddress: Address? = nil) {
        self.userID = userID
        self.items = items
        self.shippingAddress = shippingAddress
        self.billingAddress = billingAddress
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case items
        case shippingAddress = "shipping_address"
        case billingAddress = "billing_address"
    }
}

/// Gives an order up; paid and not shipped: refunds it.
public struct CancelOrder: Command {
    /// `orders.cancel`.
    public static let type = "orders.cancel"

    /// The order.
    public var orderID: ID
    /// In the customer's words.
    public var reason: String?

    /// Gives an order up; paid and not shipped: refunds it.
    public init(orderID: ID, reason: String? = nil) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// An order was handed to the carrier.
public struct ShipOrder: Command {
    /// `orders.ship`.
    public static let type = "orders.ship"

    /// The order.
    public var orderID: ID
    /// Who carries it.
    public var carrier: String?
    /// The carrier's number.
    public var trackingNumber: String?

    /// An order was handed to the carrier.
    public init(orderID: ID, carrier: String? = nil, trackingNumber: String? = nil) {
        self.orderID = orderID
        self.carrier = carrier
        self.trackingNumber = trackingNumber
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case carrier
        case trackingNumber = "tracking_number"
    }
}

/// An order has arrived.
public struct CompleteOrder: Command {
    /// `orders.complete`.
    public static let type = "orders.complete"

    /// The order.
    public var orderID: ID

    /// An order has arrived.
    public init(orderID: ID) {
        self.orderID = orderID
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
    }
}

/// An order's payment deadline has passed.
public struct ExpireOrder: Command {
    /// `orders.expire`.
    public static let type = "orders.expire"

    /// The order.
    public var orderID: ID
    /// The deadline that has passed, RFC 3339; a later one in the database wins.
    public var dueAt: String

    /// An order's payment deadline has passed.
    public init(orderID: ID, dueAt: String) {
        self.orderID = orderID
        self.dueAt = dueAt
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case dueAt = "due_at"
    }
}
