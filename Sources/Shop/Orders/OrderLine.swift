/// One product of an order, a cart or a reservation, and how many of it.
public struct OrderLine: Codable, Sendable, Equatable {
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
