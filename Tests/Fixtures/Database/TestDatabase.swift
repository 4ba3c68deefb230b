public import Postgres
import Topology

/// The database of a test.
public struct TestDatabase: Sendable {
    /// Its name.
    public let name: String
    /// Its server.
    public let server: PrivatePostgres

    /// The superuser's URL.
    public var url: String { self.server.url(database: self.name) }

    /// The URL with the role of a process: `orders`, `ingress`, `recorder`, ….
    public func url(as part: String) -> String { self.server.url(database: self.name, user: "conveyor_\(part)") }

    /// Runs SQL with `psql`, so with another client than the one under test: the rows as text, NULL as nil.
    @discardableResult
    public func psql(_ sql: String) async throws(FixtureError) -> [[String?]] { try await self.server.psql(sql, url: self.url) }

    /// The first column of a query's only row, by `psql`.
    public func value(_ sql: String) async throws(FixtureError) -> String? { try await self.psql(sql).first?.first ?? nil }

    /// Ends all connections to it, as an administrator would.
    public func terminateBackends() async throws(FixtureError) { try await self.server.terminateBackends(database: self.name) }
}

extension [Migration] {
    /// The shop's schema, as `conveyor migrate` creates it.
    public static var shop: [Migration] { Topology.migrations.map { Migration(name: $0.name, sql: $0.sql) } }
}

/// A new database on the shared server, with the shop's schema unless other migrations are given; dropped afterwards.
public func withDatabase<Result>(
    migrations: [Migration] = .shop, isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> Result
) async throws -> Result {
    let database = try await PrivatePostgres.shared().createDatabase(migrations: migrations)
    do {
        let result = try await body(database)
        try await database.drop()
        return result
    } catch {
        try? await database.drop()
        throw error
    }
}

extension TestDatabase {
    fileprivate func drop() async throws(FixtureError) { try await self.server.psql("DROP DATABASE \(self.name) WITH (FORCE)") }
}
