import Conveyor
import Hummingbird
import Shop

/// The query of `GET /products`.
struct ProductQuery: Sendable {
    /// The order of the list.
    enum Order: String, CaseIterable, Sendable {
        case relevance, price, name
        case priceDescending = "-price"
        case newest = "-created_at"

        /// Marks the cursors of this order; a cursor of another order is refused.
        var mark: Character {
            switch self {
            case .relevance: "r"
            case .price: "p"
            case .priceDescending: "P"
            case .name: "n"
            case .newest: "c"
            }
        }
    }

    /// The search text, if given.
    var text: String?
    /// The slug of a category; its subtree is included.
    var category: String?
    var minPrice: Int64?
    var maxPrice: Int64?
    var inStock: Bool?
    var order: Order
    var cursor: Cursor?
    var limit: Int

    private static let prices: ClosedRange<Int64> = 0...1_000_000_000_000

    /// - Throws: `Problem` `invalid`, `bad_cursor`.
    init(_ query: Query) throws(Problem) {
        self.text = try query.string("q")
        self.category = try query.string("category")
        self.minPrice = try query.int("min_price", Self.prices)
        self.maxPrice = try query.int("max_price", Self.prices)
        self.inStock = try query.bool("in_stock")
        self.order = try query.oneOf("sort", Order.allCases.map(\.rawValue)).flatMap(Order.init) ?? .relevance
        self.cursor = try query.cursor()
        self.limit = try query.limit()
    }
}
