import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// A product in the API.
struct ProductBody: Encodable, Sendable {
    let id: ID
    let sku: String
    let name: String
    let description: String
    let unitAmount: Int64
    let currency: String
    /// Units in stock, without the reserved ones.
    let stockQuantity: Int
    let inStock: Bool
    let categoryID: OrNull<ID>
    let images: [String]
    let isActive: Bool
    let lowStockThreshold: OrNull<Int>
    let createdAt: Date
    let updatedAt: Date

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
    static let columns = """
        p.id, p.sku, p.name, p.description, p.unit_amount, p.currency, p.stock_quantity, p.category_id, p.images, p.is_active,
        p.low_stock_threshold, p.created_at, p.updated_at
        """
    /// The number of columns.
    static let columnCount = 13

    /// Reads ``columns``.
    init(_ row: Row) throws {
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
}
