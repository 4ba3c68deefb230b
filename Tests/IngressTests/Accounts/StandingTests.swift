import Conveyor
import Fixtures
import Shop
import Testing

/// The rights of an account while the database is busy, locked or away. These tests lock tables, so they have their own shop.
@Suite(.serialized) struct StandingTests {
    private static let ownShop = Task { try await TestShop() }

    /// Runs `body` while another session locks a table.
    private func whileLocked<Result>(_ table: String, in shop: TestShop, _ body: () async throws -> Result) async throws -> Result {
        let name = "lock \(TestShop.number())"
        async let holder: [[String?]] = shop.database.psql(
            "set application_name = '\(name)'; begin; lock table \(table) in access exclusive mode; select pg_sleep(60)")
        try await eventually("the lock") {
            try await shop.database.value("select count(*) from pg_stat_activity where application_name = '\(name)' and wait_event = 'PgSleep'")
                == "1"
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await shop.database.psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '\(name)'")
        // The session was terminated, which is its error.
        _ = try? await holder
        return try result.get()
    }

    @Test func `searches that occupy all connections do not delay the check of deactivated accounts`() async throws {
        let shop = try await Self.ownShop.value
        let customer = try await shop.customer()
        try await shop.withIngress(["DATABASE_POOL_SIZE": "1"]) { api, _ in
            try await self.whileLocked("products", in: shop) {
                try await withThrowingTaskGroup(of: Int.self) { searches in
                    // Each waits for at most ten seconds.
                    for _ in 0..<2 { searches.addTask { try await api.get("/products").status } }
                    try await eventually("a search that waits") {
                        try await shop.database.value(
                            "select count(*) from pg_stat_activity where application_name = 'ingress' and wait_event_type = 'Lock'") == "1"
                    }
                    #expect(try await api.send("PATCH", "/users/me", ["full_name": "Ada"], by: customer.token).status == 202)
                    try await shop.database.psql("update users set is_active = false where id = '\(customer.id)'")
                    let other = try await shop.customer()
                    try await shop.database.psql("update users set is_active = false where id = '\(other.id)'")
                    let refused = try await api.send("PATCH", "/users/me", ["full_name": "Ada"], by: other.token)
                    #expect(refused.code == "user_inactive", "\(refused)")
                    // Searches take turns: the last ones may come after the lock.
                    for try await status in searches { #expect([200, 503].contains(status), "a database that is late is no error of ours") }
                }
            }
        }
    }

    @Test func `while the accounts are locked, a refresh and a write get 503, whatever their tokens contain`() async throws {
        let shop = try await Self.ownShop.value
        let (staff, customer) = (try await shop.staff(), try await shop.customer())
        let product = try await shop.product()
        try await shop.withIngress { api, _ in
            let pair = try await api.send("POST", "/auth/login", ["email": .string(customer.email), "password": .string(TestShop.password)])
            // Revoked in the database, without an event to this ingress.
            try await shop.database.psql("update users set token_epoch = token_epoch + 1 where id = '\(customer.id)'")
            try await self.whileLocked("users", in: shop) {
                async let refresh = api.send("POST", "/auth/refresh", ["refresh_token": pair["refresh_token"]])
                async let write = api.send("PATCH", "/users/me", ["full_name": "Ada"], by: pair["access_token"].text)
                async let price = api.send("PATCH", "/products/\(product)", ["unit_amount": 1], by: staff)
                for answer in [try await refresh, try await write, try await price] {
                    #expect(answer.status == 503, "\(answer)")
                    #expect(answer.code == "database_unreachable")
                    #expect(answer.headers["Retry-After"] != nil)
                }
            }
            #expect(try await api.send("POST", "/auth/refresh", ["refresh_token": pair["refresh_token"]]).status == 401)
        }
    }

    @Test func `while the database is away, customers' tokens suffice for writes, but not for the staff's or for refreshes`() async throws {
        let shop = try await Self.ownShop.value
        let (staff, customer, revoked) = (try await shop.staff(), try await shop.customer(), try await shop.customer())
        let product = try await shop.product()
        let role = "conveyor_ingress_\(TestShop.number())"
        try await shop.database.psql("create role \(role) login in role conveyor_ingress")
        try await shop.withIngress(["DATABASE_URL": shop.database.server.url(database: shop.database.name, user: role)]) { api, _ in
            let pair = try await api.send("POST", "/auth/login", ["email": .string(customer.email), "password": .string(TestShop.password)])
            _ = try await api.send("POST", "/auth/logout-all", by: revoked.token, waiting: true)
            #expect(try await api.get("/users/me", by: revoked.token).status == 401)
            try await shop.database.psql(
                "alter role \(role) nologin; select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '\(role)'")
            try await eventually("the loss") { try await api.get("/orders", by: customer.token).status == 503 }
            #expect(try await api.send("PATCH", "/users/me", ["full_name": "Ada"], by: customer.token).status == 202)
            #expect(
                try await api.send("PATCH", "/users/me", ["full_name": "Ada"], by: revoked.token).status == 401, "what is known does not get lost")
            let price = try await api.send("PATCH", "/products/\(product)", ["unit_amount": 1], by: staff)
            #expect(price.code == "database_unreachable", "\(price)")
            let refresh = try await api.send("POST", "/auth/refresh", ["refresh_token": pair["refresh_token"]])
            #expect(refresh.code == "database_unreachable", "\(refresh)")
            #expect(refresh.headers["Retry-After"] != nil)
        }
    }
}
