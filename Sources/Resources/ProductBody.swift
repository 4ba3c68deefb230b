package import FoundationEssentials
package import Conveyor
package import Postgres
import Shop

/// A product in the API.
package struct ProductBody: Encodable, Sendable {
    package let id: ID
    package let sku: String
    package let name: String
    package let description: String
    package let unitAmount: Int64
    package let currency: String
    /// Units in stock, without the reserved ones.
    package let stockQuantity: Int
    package let inStock: Bool
    package let categoryID: OrNull<ID>
    package let images: [String]
    package let isActive: Bool
    package let lowStockThreshold: OrNull<Int>
    package let createdAt: Date
    package let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id, sku, name, description
        case unitAmount = "unit_amount"
        case currency
        case stockQuantity = "stock_quantity"
        case inStock = "in_stock"
        case categoryID = "category_id"
        case images
        case isActive = "is_active"
        case lowStockThreshold = "low_stock_threshold"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// The columns of `products p` that ``init(_:)`` reads.
    package static let columns = """
        p.id, p.sku, p.name, p.description, p.unit_amount, p.currency, p.stock_quantity, p.category_id, p.images, p.is_active,
        p.low_stock_threshold, p.created_at, p.updated_at
        """
    /// The number of columns.
    package static let columnCount = 13

    /// Reads ``columns``.
    package init(_ row: Row) throws {
        self.id = try row[0]
        self.sku = try row[1]
        self.name = try row[2]
        self.description = try row[3]
        self.unitAmount = try row[4]
        self.currency = try row[5]
        self.stockQuantity = Int(try row[6, as: Int32.self])
        self.inStock = self.stockQuantity > 0
        self.categoryID = OrNull(try row[7, as: ID?.self])
        self.images = try row[8]
        self.isActive = try row[9]
        self.lowStockThreshold = OrNull(try row[10, as: Int32?.self].map { Int($0) })
        self.createdAt = try row[11]
        self.updatedAt = try row[12]
    }
    private static let one = Statement("select \(columns) from products p where p.id = $1")

    /// A product, archived or not; nil if it does not exist.
    package static func read(_ id: ID, in pool: PostgresPool) async throws -> ProductBody? {
        try await pool.query(self.one, id).first.map(ProductBody.init)
    }
}
