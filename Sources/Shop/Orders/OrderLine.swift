public import Conveyor

/// One product of an order, a cart or a reservation, and how many of it.
public struct OrderLine: Codable, Sendable, Equatable {
    /// How many lines an order has.
    public static let allowedCount = 1...100
    /// How many units a line of an order has.
    public static let allowedQuantity = 1...1000

    /// The product.
    public var productID: ID
    /// Units, from 1.
    public var quantity: Int

    /// One product and how many of it.
    public init(productID: ID, quantity: Int) {
        self.productID = productID
        self.quantity = quantity
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
        case quantity
    }
}

extension Array<OrderLine> {
    /// Each product once with all its units, at the place where it came first.
    public var merged: [OrderLine] {
        // Lines are few: to compare them is cheaper than to hash them.
        var merged: [OrderLine] = []
        merged.reserveCapacity(self.count)
        for line in self {
            if let index = merged.firstIndex(where: { $0.productID == line.productID }) {
                merged[index].quantity += line.quantity
            } else {
                merged.append(line)
            }
        }
        return merged
    }
}
