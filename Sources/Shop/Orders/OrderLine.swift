public import Conveyor

/// A product and its quantity, in an order, a cart or a reservation.
public struct OrderLine: Codable, Sendable, Equatable {
    /// The allowed number of lines in an order.
    public static let allowedCount = 1...100
    /// The allowed quantity of a line.
    public static let allowedQuantity = 1...1000

    /// The product.
    public var productID: ID
    /// The quantity, from 1.
    public var quantity: Int

    /// A product and its quantity.
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
    /// The lines with each product once, its quantities added up, in the order of their first occurrence.
    public var merged: [OrderLine] {
        // For few lines, comparing is cheaper than hashing.
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
