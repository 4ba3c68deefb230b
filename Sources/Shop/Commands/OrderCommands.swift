public import Conveyor

/// Sets the quantity of a product in a user's cart; 0 removes it.
public struct SetCartItem: OrderedCommand {
    /// `orders.set_cart_item`.
    public static let type = "orders.set_cart_item"

    /// The account.
    public var userID: ID
    /// The product.
    public var productID: ID
    /// The new quantity.
    public var quantity: Int

    /// Sets the quantity of a product in a user's cart; 0 removes it.
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

/// Turns a user's cart into an order, whose id is the message's, and empties it in the same transaction.
public struct CheckoutCart: OrderedCommand {
    /// `orders.checkout_cart`.
    public static let type = "orders.checkout_cart"

    /// The account.
    public var userID: ID
    /// The shipping address.
    public var shippingAddress: Address
    /// The billing address; the shipping address if nil.
    public var billingAddress: Address?

    /// Turns a user's cart into an order, whose id is the message's, and empties it in the same transaction.
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
    /// The lines; each product once.
    public var items: [OrderLine]
    /// The shipping address.
    public var shippingAddress: Address
    /// The billing address; the shipping address if nil.
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

/// Cancels an order; a paid one that is not shipped is refunded.
public struct CancelOrder: Command {
    /// `orders.cancel`.
    public static let type = "orders.cancel"

    /// The order.
    public var orderID: ID
    /// The customer's reason.
    public var reason: String?

    /// Cancels an order; a paid one that is not shipped is refunded.
    public init(orderID: ID, reason: String? = nil) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// Marks an order as shipped.
public struct ShipOrder: Command {
    /// `orders.ship`.
    public static let type = "orders.ship"

    /// The order.
    public var orderID: ID
    /// The carrier.
    public var carrier: String?
    /// The carrier's tracking number.
    public var trackingNumber: String?

    /// Marks an order as shipped.
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

/// Marks an order as delivered.
public struct CompleteOrder: Command {
    /// `orders.complete`.
    public static let type = "orders.complete"

    /// The order.
    public var orderID: ID

    /// Marks an order as delivered.
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
    /// The passed deadline, RFC 3339; a later one in the database wins.
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
