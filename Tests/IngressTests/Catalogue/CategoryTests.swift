import Conveyor
import Fixtures
import Testing

@Suite struct CategoryTests {
    private func make(_ fields: [String: JSON] = [:]) async throws -> (id: String, slug: String) {
        let shop = try await TestShop.shared()
        let slug = "cat-\(TestShop.number())"
        let body = ["name": .string("Category \(slug)"), "slug": .string(slug)].merging(fields) { $1 }
        let made = try await shop.api.send("POST", "/categories", .object(body), by: shop.staff(), waiting: true)
        try #require(made.status == 201, "\(made)")
        return (try #require(made["resource", "id"].text), slug)
    }

    @Test func `a category is found by its slug and by its id, with all its fields`() async throws {
        let shop = try await TestShop.shared()
        let category = try await self.make(["description": "d"])
        for key in [category.id, category.slug] {
            let answer = try await shop.api.get("/categories/\(key)")
            #expect(answer.status == 200)
            #expect(answer.json.keys == ["id", "name", "slug", "description", "parent_id", "is_active"])
            #expect(answer["description"] == "d")
        }
        #expect(try await shop.api.get("/categories/no-such-thing").status == 404)
    }

    @Test func `a slug is derived from the name, and unique`() async throws {
        let shop = try await TestShop.shared()
        let (staff, number) = (try await shop.staff(), TestShop.number())
        let name: JSON = .string("Käse & Brot \(number)")
        #expect(try await shop.api.send("POST", "/categories", ["name": name], by: staff, waiting: true).status == 201)
        #expect(try await shop.other.get("/categories/kase-brot-\(number)")["name"] == name)
        let second = try await shop.api.send("POST", "/categories", ["name": name], by: staff, waiting: true)
        #expect(second.status == 409)
        #expect(second.code == "slug_taken")
    }

    @Test func `a category cannot become its own descendant`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        let top = try await self.make()
        let below = try await self.make(["parent_id": .string(top.id)])
        for parent in [below.id, top.id] {
            let cycle = try await shop.api.send("PATCH", "/categories/\(top.id)", ["parent_id": .string(parent)], by: staff, waiting: true)
            #expect(cycle.status == 409)
            #expect(cycle.code == "category_cycle")
        }
        let raised = try await shop.api.send("PATCH", "/categories/\(below.id)", ["parent_id": nil], by: staff, waiting: true)
        #expect(raised.status == 200)
        #expect(try await shop.other.get("/categories/\(below.slug)")["parent_id"].isNull)
    }

    @Test func `a category in use cannot be deleted`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        let (used, empty) = (try await self.make(), try await self.make())
        _ = try await shop.product(["category_id": .string(used.id)])
        let refused = try await shop.api.send("DELETE", "/categories/\(used.id)", by: staff, waiting: true)
        #expect(refused.status == 409)
        #expect(refused.code == "category_in_use")
        #expect(try await shop.api.send("DELETE", "/categories/\(empty.id)", by: staff, waiting: true).status == 200)
        #expect(try await shop.other.get("/categories/\(empty.slug)").status == 404)
    }

    @Test func `only the staff sees a hidden category`() async throws {
        let shop = try await TestShop.shared()
        let (staff, hidden) = (try await shop.staff(), try await self.make(["is_active": false]))
        #expect(try await shop.api.get("/categories/\(hidden.slug)").status == 404)
        #expect(try await shop.api.get("/categories/\(hidden.slug)", by: staff).status == 200)
        func slugs(_ token: String?) async throws -> [String?] {
            try await shop.api.get("/categories", by: token)["items"].list.map { $0["slug"].text }
        }
        #expect(try await !slugs(nil).contains(hidden.slug))
        #expect(try await slugs(staff).contains(hidden.slug))
        #expect(try await !slugs("nonsense").contains(hidden.slug), "a token that is not good counts as none where everyone may read")
    }

    @Test func `an unchanged tree is answered with 304`() async throws {
        let shop = try await TestShop.shared()
        let category = try await self.make()
        let tag = try #require(try await shop.api.get("/categories/\(category.slug)").headers["ETag"])
        #expect(try await shop.other.get("/categories/\(category.slug)", headers: ["If-None-Match": tag]).status == 304)
        _ = try await shop.api.send("PATCH", "/categories/\(category.id)", ["name": "New"], by: shop.staff(), waiting: true)
        #expect(try await shop.other.get("/categories/\(category.slug)", headers: ["If-None-Match": tag]).status == 200)
        // Other tests change the tree at the same time, so it may have changed.
        let tree = try await shop.api.get("/categories")
        let again = try await shop.api.get("/categories", headers: ["If-None-Match": try #require(tree.headers["ETag"])])
        #expect(again.status == 304 || again.bytes != tree.bytes)
    }
}
