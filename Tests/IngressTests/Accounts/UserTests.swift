import Conveyor
import Fixtures
import Testing

@Suite struct UserTests {
    @Test func `a user's own account has all its fields, and a name that can be changed and removed`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let me = try await shop.api.get("/users/me", by: customer.token)
        #expect(me.json.keys == ["id", "email", "full_name", "is_active", "is_superuser", "created_at", "updated_at", "notifications"])
        #expect(me["email"] == .string(customer.email))
        func patch(_ body: JSON) async throws -> JSON {
            let answer = try await shop.api.send("PATCH", "/users/me", body, by: customer.token, waiting: true)
            try #require(answer.status == 200, "\(answer)")
            return try await shop.other.get("/users/me", by: customer.token)["full_name"]
        }
        #expect(try await patch(["full_name": "Änne"]) == "Änne")
        #expect(try await patch([:]) == "Änne")
        #expect(try await patch(["full_name": nil]).isNull)
    }

    @Test func `the export contains all personal data`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product, inCart) = (try await shop.customer(), try await shop.product(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        _ = try await shop.api.send("PUT", "/cart/items/\(inCart)", ["quantity": 1], by: customer.token, waiting: true)
        try await shop.database.psql(
            """
            insert into emails (kind, subject, recipient, message_id, user_id)
            values ('order_confirmation', '\(order)', '\(customer.email)', '<x@y>', '\(customer.id)')
            """)
        let export = try await shop.api.get("/users/me/export", by: customer.token)
        #expect(export.status == 200)
        #expect(export.json.keys == ["exported_at", "user", "cart", "emails", "orders", "push_subscriptions"])
        #expect(export["user", "id"] == .string(customer.id))
        #expect(export["cart", "items"].list.map { $0["product_id"] } == [.string(inCart)])
        let exported = try #require(export["orders"].list.first)
        #expect(exported["id"] == .string(order))
        #expect(exported["items"].list.count == 1)
        #expect(exported["timeline"].list.map { $0["type"] } == ["order.placed", "order.awaiting_payment"])
        #expect(exported["payments"] == [])
        #expect(export["emails"].list.map { $0["subject"] } == [.string(order)])
        #expect(export.headers["Content-Disposition"]?.hasPrefix("attachment") == true)
        #expect(export.headers["Cache-Control"] == "private, no-store")
    }

    @Test func `an erased account is gone, its orders stay`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer, product) = (try await shop.staff(), try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: customer)
        #expect(try await shop.api.send("DELETE", "/users/me", by: customer.token, waiting: true).status == 200)
        #expect(try await shop.other.get("/users/me", by: customer.token).status == 401)
        let login = try await shop.api.send("POST", "/auth/login", ["email": .string(customer.email), "password": .string(TestShop.password)])
        #expect(login.status == 401)
        #expect(login.code == "bad_credentials")
        #expect(try await shop.api.get("/orders/\(order)", by: staff).status == 200)
        #expect(try await shop.api.get("/users?q=\(customer.email)", by: staff)["items"] == [])
        #expect(try await shop.database.value("select count(*) from users where email = '\(customer.email)'") == "0")
    }

    @Test func `the staff lists accounts page by page and finds them by a part of the address`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        let customers = [try await shop.customer(), try await shop.customer(), try await shop.customer()]
        let found = try await shop.api.get("/users?q=\(customers[0].email.prefix(while: { $0 != "@" }))%40SHOP", by: staff)
        #expect(found["items"].list.map { $0["id"] } == [.string(customers[0].id)])
        var (ids, path): ([String], String?) = ([], "/users?limit=2")
        while let next = path {
            let page = try await shop.api.get(next, by: staff)
            try #require(page.status == 200)
            ids += page["items"].list.compactMap { $0["id"].text }
            path = page["next_cursor"].text.map { "/users?limit=2&cursor=\($0)" }
        }
        #expect(Set(ids).isSuperset(of: customers.map(\.id)))
        #expect(Set(ids).count == ids.count)
        #expect(try await shop.api.get("/users?q=%25\(customers[0].email)", by: staff)["items"] == [], "a percent sign is text")
        #expect(try await shop.api.get("/users", by: customers[0].token).status == 403)
        #expect(try await shop.api.get("/users").status == 401)
    }

    @Test func `only the staff reads another account`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer) = (try await shop.staff(), try await shop.customer())
        let found = try await shop.api.get("/users/\(customer.id)", by: staff)
        #expect(found.status == 200)
        #expect(found.json == (try await shop.api.get("/users/me", by: customer.token)).json)
        #expect(try await shop.api.get("/users/\(customer.id)", by: customer.token).status == 403)
        #expect(try await shop.api.get("/users/\(customer.id)").status == 401)
    }

    @Test func `the staff promotes existing accounts only`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer) = (try await shop.staff(), try await shop.customer())
        #expect(try await shop.api.get("/users", by: customer.token).status == 403)
        let raised = try await shop.api.send("PATCH", "/users/\(customer.id)", ["is_superuser": true], by: staff, waiting: true)
        #expect(raised.status == 200)
        #expect(raised["resource"] == ["type": "user", "id": .string(customer.id), "url": .string("/api/v1/users/\(customer.id)")])
        #expect(try await shop.other.get("/users", by: customer.token).status == 200)
        for id in ["00000000-0000-4000-8000-000000000000", "x"] {
            #expect(try await shop.api.send("PATCH", "/users/\(id)", ["is_active": true], by: staff).status == 404)
            #expect(try await shop.api.get("/users/\(id)", by: staff).status == 404)
        }
        let refused = try await shop.api.send("PATCH", "/users/\(customer.id)", ["is_active": nil, "is_superuser": 1], by: staff)
        #expect(refused.fields == ["is_active", "is_superuser"])
    }
}
