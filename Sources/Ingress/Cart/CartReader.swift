import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// A cart in the API, with today's prices and the quantity of each item that is in stock.
struct CartBody: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        let productID: ID
        let sku: String
        let name: String
        let quantity: Int
        let unitAmount: Int64
        let currency: String
        /// Units that are in stock; 0 for an archived product.
        let available: Int
        let amount: Int64

        enum CodingKeys: String, CodingKey {
            case productID = "product_id"
            case sku, name, quantity
            case unitAmount = "unit_amount"
            case currency, available, amount
        }
    }

    let items: [Item]
    let totalAmount: Int64
    let currency: String
    let updatedAt: OrNull<Date>

    enum CodingKeys: String, CodingKey {
        case items
        case totalAmount = "total_amount"
        case currency
        case updatedAt = "updated_at"
    }
}

/// Reads carts.
struct CartReader: Sendable {
    let pool: PostgresPool
    /// The shop's currency, for an empty cart.
    let currency: String

    private static let items: Statement = """
        select i.product_id, p.sku, p.name, i.quantity, p.unit_amount, p.currency, case when p.is_active then p.stock_quantity else 0 end
        from cart_items i join products p on p.id = i.product_id
        where i.user_id = $1 and i.quantity > 0 order by p.name, p.id
        """
    /// When the last command took effect, even if it emptied the cart.
    private static let updatedAt: Statement = """
        select greatest((select max(updated_at) from cart_items where user_id = $1), (select cleared_at from carts where user_id = $1))
        """

    /// A user's cart; empty until the user adds something.
    func cart(of user: ID) async throws -> CartBody {
        let results = try await self.pool.reading { pool in try await pool.pipeline([Call(Self.items, user), Call(Self.updatedAt, user)]) }
        let items = try results[0].map { row -> CartBody.Item in
            let (quantity, unitAmount) = (Int64(try row[3, as: Int32.self]), try row[4, as: Int64.self])
            return CartBody.Item(
                productID: try row[0], sku: try row[1], name: try row[2], quantity: Int(quantity), unitAmount: unitAmount, currency: try row[5],
                available: Int(try row[6, as: Int32.self]), amount: quantity * unitAmount)
        }
        // A price has at most 10^12 units and a quantity a thousand, but the number of items is not limited.
        let total = items.reduce(Int64(0)) { sum, item in
            let (next, overflow) = sum.addingReportingOverflow(item.amount)
            return overflow ? .max : next
        }
        return CartBody(
            items: items, totalAmount: total, currency: items.first?.currency ?? self.currency,
            updatedAt: OrNull(try results[1].first?[0, as: Date?.self] ?? nil))
    }
}
