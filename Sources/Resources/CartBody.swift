package import FoundationEssentials
package import Conveyor
package import Postgres
import Shop

/// A cart in the API, with today's prices and the quantity of each item that is in stock.
package struct CartBody: Encodable, Sendable {
    package struct Item: Encodable, Sendable {
        package let productID: ID
        package let sku: String
        package let name: String
        package let quantity: Int
        package let unitAmount: Int64
        package let currency: String
        /// Units that are in stock; 0 for an archived product.
        package let available: Int
        package let amount: Int64

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, name, quantity
            case unitAmount = "unit_amount"
            case currency, available, amount
        }
    }

    package let items: [Item]
    package let totalAmount: Int64
    package let currency: String
    package let updatedAt: OrNull<Date>

    enum CodingKeys: String, CodingKey {
        case items
        case totalAmount = "total_amount"
        case currency
        case updatedAt = "updated_at"
    }
}

extension CartBody {
    private static let itemsOf: Statement = """
        select i.product_id, p.sku, p.name, i.quantity, p.unit_amount, p.currency, case when p.is_active then p.stock_quantity else 0 end
        from cart_items i join products p on p.id = i.product_id
        where i.user_id = $1 and i.quantity > 0 order by p.name, p.id
        """
    /// The time of the last command that took effect, including one that emptied the cart.
    private static let updatedAtOf: Statement = """
        select greatest((select max(updated_at) from cart_items where user_id = $1), (select cleared_at from carts where user_id = $1))
        """

    /// The cart of a user; empty if it has no row.
    /// - Parameter currency: the shop's currency, for an empty cart.
    package static func read(of user: ID, currency: String, in pool: PostgresPool) async throws -> CartBody {
        let results = try await pool.pipeline([Call(self.itemsOf, user), Call(self.updatedAtOf, user)])
        let items = try results[0].map { row -> CartBody.Item in
            let (quantity, unitAmount) = (Int64(try row[3, as: Int32.self]), try row[4, as: Int64.self])
            return CartBody.Item(
                productID: try row[0], sku: try row[1], name: try row[2], quantity: Int(quantity), unitAmount: unitAmount, currency: try row[5],
                available: Int(try row[6, as: Int32.self]), amount: quantity * unitAmount)
        }
        // Price and quantity are bounded, but the number of items in a cart is not, so the sum may overflow.
        let total = items.reduce(Int64(0)) { sum, item in
            let (next, overflow) = sum.addingReportingOverflow(item.amount)
            return overflow ? .max : next
        }
        return CartBody(
            items: items, totalAmount: total, currency: items.first?.currency ?? currency,
            updatedAt: OrNull(try results[1].first?[0, as: Date?.self] ?? nil))
    }
}
