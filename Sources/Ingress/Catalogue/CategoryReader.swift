import Conveyor
import Postgres
import Resources
import Shop

/// Reads all categories at once, and caches them until one changes.
struct CategoryReader: Sendable {
    private let pool: PostgresPool
    private let cache: ReadCache<CategoryTree>

    init(pool: PostgresPool, feed: ChangeFeed) {
        self.pool = pool
        self.cache = ReadCache("category", capacity: 1, isWhole: true, feed: feed)
    }

    private static let all = Statement("select \(CategoryBody.columns) from categories order by lower(name), id")
    /// The cache's only key.
    private static let key = ID(high: 0, low: 0)

    /// The tree.
    /// - Throws: `PostgresError`, if the cache has no tree either.
    func tree() async throws -> CategoryTree {
        if let known = self.cache.valid(Self.key) { return known }
        let tree = try await self.cache.value(Self.key) { [pool] in
            try CategoryTree(try await pool.query(Self.all).map(CategoryBody.init))
        }
        return try tree ?? CategoryTree([])
    }
}
