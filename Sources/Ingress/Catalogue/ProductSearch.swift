import Conveyor
import FoundationEssentials
import Postgres
import Resources
import Shop

/// Lists and searches products in pages.
///
/// A page begins after the sort key and id of the previous one's last item, so inserts do not disturb it. The SQL is composed for each request and
/// planned with its values, since they decide which index is best.
struct ProductSearch: Sendable {
    private let pool: PostgresPool
    private let categories: CategoryReader

    init(pool: PostgresPool, categories: CategoryReader) {
        self.pool = pool
        self.categories = categories
    }

    /// Up to this number of matches are ranked. Ranking more takes longer than a customer waits and helps little, so then the newest come first.
    private static let few = 10_000

    /// One page.
    /// - Throws: `Problem` `bad_cursor`, `database_unreachable`.
    func page(_ query: ProductQuery) async throws -> Page<ProductBody> {
        var conditions = Conditions()
        if let slug = query.category {
            guard let ids = try await self.categories.tree().visibleSubtree(of: slug) else { return .empty }
            conditions.add("p.category_id = any(\(conditions.bind(ids)))")
        }
        if let price = query.minPrice { conditions.add("p.unit_amount >= \(conditions.bind(price))") }
        if let price = query.maxPrice { conditions.add("p.unit_amount <= \(conditions.bind(price))") }
        if let inStock = query.inStock { conditions.add("p.stock_quantity \(inStock ? ">" : "=") 0") }
        return try await self.pool.reading { [conditions] pool in
            var conditions = conditions
            var order = query.order
            var source = "products p"
            var score: String?
            if let text = query.text {
                guard let words = try await SearchWords.find(text, in: pool) else { return .empty }
                let all = conditions.bind(words.all)
                conditions.add("p.words @@ \(all)::text::tsquery")
                if order != .relevance {
                    // Filtered first, then sorted: the planner would otherwise scan the index of the sort order, hoping to find matches early.
                    if try await self.areFew(conditions, in: pool) { source = "(select * from products p where \(conditions.sql) offset 0) p" }
                } else if try await self.canBeRanked(conditions, query.cursor, in: pool) {
                    let (whole, typed) = (conditions.bind(words.whole), conditions.bind(text))
                    score = """
                        (1e6 * (ts_rank(p.words, \(all)::text::tsquery) + ts_rank(p.words, \(whole)::text::tsquery)
                            + (lower(p.name) = lower(\(typed)) or lower(p.sku) = lower(\(typed)))::int))::int
                        """
                }
            }
            if order == .relevance, score == nil { order = .newest }
            return try await Self.page(order, of: source, score: score, conditions, query, in: pool)
        }
    }

    /// Whether there are few enough matches to rank; the first page decides for the following ones.
    private func canBeRanked(_ conditions: Conditions, _ cursor: Cursor?, in pool: PostgresPool) async throws -> Bool {
        if let cursor { return cursor.key.first == ProductQuery.Order.relevance.mark }
        return try await self.areFew(conditions, in: pool)
    }

    private func areFew(_ conditions: Conditions, in pool: PostgresPool) async throws -> Bool {
        var conditions = conditions
        let limit = conditions.bind(Int64(Self.few + 1))
        let rows = try await pool.pipeline([
            Call(
                Statement("select count(*) from (select from products p where \(conditions.sql) limit \(limit)) few", prepared: false),
                parameters: conditions.parameters)
        ])[0]
        return try rows[0][0, as: Int64.self] <= Int64(Self.few)
    }

    private static func page(
        _ order: ProductQuery.Order, of source: String, score: String?, _ conditions: Conditions, _ query: ProductQuery, in pool: PostgresPool
    ) async throws -> Page<ProductBody> {
        var conditions = conditions
        let (key, isDescending) =
            switch order {
            case .relevance: (score ?? "0", true)
            case .price: ("p.unit_amount", false)
            case .priceDescending: ("p.unit_amount", true)
            case .name: ("lower(p.name)", false)
            case .newest: ("p.created_at", true)
            }
        if let cursor = query.cursor {
            let start = try Self.start(order, cursor)
            conditions.add("(\(key), p.id) \(isDescending ? "<" : ">") (\(conditions.bind(start)), \(conditions.bind(cursor.id)))")
        }
        let direction = isDescending ? "desc" : "asc"
        let limit = conditions.bind(Int64(query.limit + 1))
        let sql = """
            select \(ProductBody.columns), \(key) from \(source) where \(conditions.sql)
            order by \(key) \(direction), p.id \(direction) limit \(limit)
            """
        let rows = try await pool.pipeline([Call(Statement(sql, prepared: false), parameters: conditions.parameters)])[0]
        let column = ProductBody.columnCount
        let products = try rows.map { row in
            let key =
                switch order {
                case .relevance: String(try row[column, as: Int32.self])
                case .price, .priceDescending: String(try row[column, as: Int64.self])
                case .name: try row[column, as: String.self]
                case .newest: Cursor(try row[column, as: Date.self], try row[0]).key
                }
            return (body: try ProductBody(row), key: key)
        }
        return Page(products, limit: query.limit, item: { $0.body }) { Cursor(key: "\(order.mark)\($0.key)", id: $0.body.id) }
    }

    /// The beginning of a page, as a value of the sort key's type.
    /// - Throws: if the cursor belongs to another order.
    private static func start(_ order: ProductQuery.Order, _ cursor: Cursor) throws(Problem) -> any PostgresEncodable {
        let key = String(cursor.key.dropFirst())
        let start: (any PostgresEncodable)? =
            switch order {
            case .relevance: Int32(key)
            case .price, .priceDescending: Int64(key)
            case .name: key
            case .newest: try Cursor(key: key, id: cursor.id).time()
            }
        guard cursor.key.first == order.mark, let start else {
            throw Problem(.badCursor, "The cursor is not valid for this list; use next_cursor of the previous page.")
        }
        return start
    }
}

/// The conditions of a query with their numbered values.
private struct Conditions: Sendable {
    private(set) var sql = "p.is_active"
    private(set) var parameters: [any PostgresEncodable] = []

    /// Adds a value.
    /// - Returns: its `$n`.
    mutating func bind(_ value: any PostgresEncodable) -> String {
        self.parameters.append(value)
        return "$\(self.parameters.count)"
    }

    mutating func add(_ condition: String) { self.sql += " and \(condition)" }
}
