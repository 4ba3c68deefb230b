import Conveyor
import Postgres
import Shop

/// Reads single products, and caches the complete answers.
struct ProductReader: Sendable {
    /// A product's answer, and whether the product is public.
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

    /// A product, archived or not; nil if the id does not exist.
    /// - Throws: `PostgresError`, if the cache has no answer either.
    func product(_ id: ID) async throws -> Product? {
        if let known = self.cache.valid(id) { return known }
        return try await self.cache.value(id) { [pool] in
            guard let row = try await pool.query(Self.one, id).first else { return nil }
            let body = try ProductBody(row)
            return Product(isActive: body.isActive, answer: SharedAnswer(json: try JSON.canonical(body)))
        }
    }
}
