public import Conveyor

/// An order with the prices at the time of ordering.
public struct PricedOrder: Codable, Sendable, Equatable {
    /// The account.
    public var userID: ID
    /// ISO 4217, lower case.
    public var currency: String
    /// In the minor unit of `currency`.
    public var totalAmount: Int64
    /// The lines; each product once.
    public var items: [Item]
    /// The shipping address.
    public var shippingAddress: Address
    /// The billing address; the shipping address if nil.
    public var billingAddress: Address?

    /// A line of an order, with a copy of its product.
    public struct Item: Codable, Sendable, Equatable {
        /// The product.
        public var productID: ID
        /// The quantity, from 1.
        public var quantity: Int
        /// The unit price, in the minor unit.
        public var unitAmount: Int64
        /// The stock keeping unit.
        public var sku: String
        /// The product's name.
        public var name: String

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case quantity
            case unitAmount = "unit_amount"
            case sku, name
        }
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case currency
        case totalAmount = "total_amount"
        case items
        case shippingAddress = "shipping_address"
        case billingAddress = "billing_address"
    }
}

/// A product's current offer.
public struct Offer: Sendable, Equatable {
    /// In the minor unit.
    public var unitAmount: Int64
    /// ISO 4217, lower case.
    public var currency: String
    /// Whether it is for sale.
    public var isActive: Bool
    /// The stock keeping unit.
    public var sku: String
    /// The product's name.
    public var name: String

    /// A product's current offer.
    public init(unitAmount: Int64, currency: String, isActive: Bool, sku: String, name: String) {
        self.unitAmount = unitAmount
        self.currency = currency
        self.isActive = isActive
        self.sku = sku
        self.name = name
    }
}

extension PricedOrder {
    /// Prices an order.
    /// - Parameters:
    ///   - lines: not empty; each product once.
    ///   - offer: a product's current offer; nil if the product does not exist.
    /// - Throws: `product_unknown`, `product_unavailable` with the affected lines.
    public init(
        by userID: ID, _ lines: [OrderLine], shippingAddress: Address, billingAddress: Address?, offer: (ID) -> Offer?
    ) throws(Problem) {
        let priced = try Self.price(lines, offer: offer)
        self.init(
            userID: userID, currency: priced.currency, totalAmount: priced.total, items: priced.items, shippingAddress: shippingAddress,
            billingAddress: billingAddress)
    }

    /// The lines of an order at current prices.
    /// - Throws: `product_unknown`, `product_unavailable` with the affected lines.
    public static func price(_ lines: [OrderLine], offer: (ID) -> Offer?) throws(Problem) -> (items: [Item], total: Int64, currency: String) {
        var currency: String?
        // Cannot overflow: prices, quantities and the number of lines are limited (`unit_amount_is_in_range`, `OrderLine`).
        var total: Int64 = 0
        var items: [Item] = []
        items.reserveCapacity(lines.count)
        var unknown: [Problem.Line] = []
        var unavailable: [Problem.Line] = []
        for line in lines {
            let refused = Problem.Line(productID: line.productID, requested: line.quantity, available: 0)
            guard let offer = offer(line.productID) else {
                unknown.append(refused)
                continue
            }
            // An order has one currency: the first line's.
            guard offer.isActive, offer.currency == currency ?? offer.currency else {
                unavailable.append(refused)
                continue
            }
            currency = offer.currency
            total += Int64(line.quantity) * offer.unitAmount
            items.append(
                Item(productID: line.productID, quantity: line.quantity, unitAmount: offer.unitAmount, sku: offer.sku, name: offer.name))
        }
        if !unknown.isEmpty { throw Problem(.productUnknown, "Some products do not exist.", lines: unknown) }
        guard unavailable.isEmpty, let currency else {
            throw Problem(.productUnavailable, "Some products are not for sale or not in this currency.", lines: unavailable)
        }
        return (items, total, currency)
    }
}
