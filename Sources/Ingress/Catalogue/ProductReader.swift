import Conveyor
import Postgres
import Resources
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

    /// A product, archived or not; nil if the id does not exist.
    /// - Throws: `PostgresError`, if the cache has no answer either.
    func product(_ id: ID) async throws -> Product? {
        if let known = self.cache.valid(id) { return known }
        return try await self.cache.value(id) { [pool] in
            guard let body = try await ProductBody.read(id, in: pool) else { return nil }
            return Product(isActive: body.isActive, answer: SharedAnswer(json: try JSON.canonical(body)))
        }
    }
}
