import Conveyor
import Fixtures
import Glibc
import Testing

/// After a finished write no ingress serves the old value.
@Suite struct CoherenceTests {
    @Test func `500 times: a change through one ingress is visible through the other`() async throws {
        let shop = try await TestShop.shared()
        let (staff, product) = (try await shop.staff(), try await shop.product())
        var stale = 0
        for price in 1...500 {
            let (one, other) = price.isMultiple(of: 2) ? (shop.api, shop.other) : (shop.other, shop.api)
            // Both ingresses now have it in their caches.
            _ = try await other.get("/products/\(product)")
            let change = try await one.send("PATCH", "/products/\(product)", ["unit_amount": .int(Int64(price))], by: staff, waiting: true)
            try #require(change.status == 200, "\(change)")
            if try await other.get("/products/\(product)")["unit_amount"].int != Int64(price) { stale += 1 }
        }
        #expect(stale == 0)
    }

    @Test func `a lagging replica serves searches, but no single resources`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        // A replica whose replay has stopped: here before the first product.
        try await withDatabase { replica in
            try await shop.withIngress(["DATABASE_READ_URL": replica.url(as: "ingress")]) { api, _ in
                let name = "Lagging \(TestShop.number())"
                let product = try await shop.product(["name": .string(name)])
                for price in [1200, 1300] {
                    #expect(try await api.get("/products/\(product)").status == 200)
                    let change = try await api.send("PATCH", "/products/\(product)", ["unit_amount": .int(Int64(price))], by: staff, waiting: true)
                    try #require(change.status == 200, "\(change)")
                    #expect(try await api.get("/products/\(product)")["unit_amount"].int == Int64(price))
                }
                #expect(try await api.get("/products")["items"].list.isEmpty)
            }
        }
    }

    @Test func `an operation that one ingress reports as finished is finished for the other`() async throws {
        let shop = try await TestShop.shared()
        let (staff, product) = (try await shop.staff(), try await shop.product())
        for price in 1...50 {
            _ = try await shop.other.get("/products/\(product)")
            let change = try await shop.api.send("PATCH", "/products/\(product)", ["unit_amount": .int(Int64(price))], by: staff)
            let operation = try #require(change["operation_id"].text)
            try await eventually("the change") { try await shop.api.get("/operations/\(operation)", by: staff)["status"].text == "succeeded" }
            #expect(try await shop.other.get("/products/\(product)")["unit_amount"].int == Int64(price))
        }
    }

    @Test func `a deactivated account is refused everywhere at once, and accepted again after its activation`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer) = (try await shop.staff(), try await shop.customer())
        for _ in 1...20 {
            #expect(try await shop.other.get("/cart", by: customer.token).status == 200)
            let off = try await shop.api.send("PATCH", "/users/\(customer.id)", ["is_active": false], by: staff, waiting: true)
            try #require(off.status == 200, "\(off)")
            let refused = try await shop.other.get("/cart", by: customer.token)
            #expect(refused.status == 403)
            #expect(refused.code == "user_inactive")
            _ = try await shop.other.send("PATCH", "/users/\(customer.id)", ["is_active": true], by: staff, waiting: true)
            #expect(try await shop.api.get("/cart", by: customer.token).status == 200)
        }
    }

    @Test func `tokens revoked through one ingress are refused by the other`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        #expect(try await shop.other.get("/users/me", by: customer.token).status == 200)
        let revoked = try await shop.api.send("POST", "/auth/logout-all", by: customer.token, waiting: true)
        try #require(revoked.status == 200, "\(revoked)")
        #expect(try await shop.other.get("/users/me", by: customer.token).status == 401)
        let again = try await shop.other.login(customer.email)
        #expect(try await shop.api.get("/users/me", by: again).status == 200)
    }

    @Test func `a category created through one ingress appears in the other's tree, and disappears when it is deleted`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        for _ in 1...10 {
            _ = try await shop.other.get("/categories")
            let made = try await shop.api.send("POST", "/categories", ["name": .string("New \(TestShop.number())")], by: staff, waiting: true)
            let id = try #require(made["resource", "id"].text)
            func isListed() async throws -> Bool { try await shop.other.get("/categories")["items"].list.contains { $0["id"].text == id } }
            #expect(try await isListed())
            _ = try await shop.api.send("DELETE", "/categories/\(id)", by: staff, waiting: true)
            #expect(try await !isListed())
        }
    }

    @Test func `an ingress that was suspended serves nothing stale when it resumes`() async throws {
        let shop = try await TestShop.shared()
        let (staff, product) = (try await shop.staff(), try await shop.product())
        try await shop.withIngress { api, process in
            for price in 1...3 {
                #expect(try await api.get("/products/\(product)").status == 200)
                process.signal(SIGSTOP)
                let change = try await shop.api.send("PATCH", "/products/\(product)", ["unit_amount": .int(Int64(price))], by: staff, waiting: true)
                process.signal(SIGCONT)
                try #require(change.status == 200, "\(change)")
                #expect(try await api.get("/products/\(product)")["unit_amount"].int == Int64(price))
            }
        }
    }

    @Test func `an ingress whose connection to the broker is cut serves nothing stale`() async throws {
        // On its own broker: the others' connections must not be cut.
        let shop = try await TestShop()
        let (staff, product) = (try await shop.staff(), try await shop.product())
        for price in 1...10 {
            _ = try await shop.other.get("/products/\(product)")
            try await shop.host.closeConnections()
            let change = try await eventualValue("the broker") { () -> Answer? in
                let change = try await shop.api.send(
                    "PATCH", "/products/\(product)", ["unit_amount": .int(Int64(price))], by: staff, waiting: true,
                    headers: ["Idempotency-Key": "cut \(product) \(price)"])
                return change.status == 503 ? nil : change
            }
            try #require(change.status == 200, "\(change)")
            #expect(try await shop.other.get("/products/\(product)")["unit_amount"].int == Int64(price))
        }
    }
}
