import Conveyor
import Postgres
import Shop

/// Single products, as answers that are kept ready.
struct ProductReader: Sendable {
    /// A product's answer, and whether everyone may see it.
    struct Product: Sendable {
        let isActive: Bool
        let answer: SharedAnswer
    }

    private let pool: PostgresPool
    private let cache: ReadCache<Product>

    init(pool: PostgresPool, feed: ChangeFeed) {
        self.pool = pool
        self.cache = ReadCache("product", capacity: 10_000, feed: feed)
    }

    private static let one = Statement("select \(ProductBody.columns) from products p where p.id = $1")

    /// A product, archived or not; nil if there is none of that id.
    /// - Throws: `PostgresError`, if nothing is known of it here.
    func product(_ id: ID) async throws -> Product? {
        if let known = self.cache.valid(id) { return known }
        return try await self.cache.value(id) { [pool] in
            guard let row = try await pool.query(Self.one, id).first else { return nil }
            let body = try ProductBody(row)
            return Product(isActive: body.isActive, answer: SharedAnswer(json: try JSON.canonical(body)))
        }
    }
}
