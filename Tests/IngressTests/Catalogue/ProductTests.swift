import Conveyor
import Fixtures
import Testing

@Suite struct ProductTests {
    @Test func `a product has all its fields`() async throws {
        let shop = try await TestShop.shared()
        let product = try await shop.product(["name": "Größe", "images": ["https://shop.example/a.jpg"], "description": "d"])
        let answer = try await shop.api.get("/products/\(product)")
        #expect(answer.status == 200)
        #expect(
            answer.json.keys == [
                "id", "sku", "name", "description", "unit_amount", "currency", "stock_quantity", "in_stock", "category_id", "images", "is_active",
                "low_stock_threshold", "created_at", "updated_at",
            ])
        #expect(answer["name"] == "Größe")
        #expect(answer["currency"] == "usd")
        #expect(answer["stock_quantity"] == 100)
        #expect(answer["in_stock"] == true)
        #expect(answer["images"] == ["https://shop.example/a.jpg"])
        #expect(answer["created_at"].text?.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil)
    }

    @Test func `a client with the current content gets 304, whatever the form of its tag`() async throws {
        let shop = try await TestShop.shared()
        let product = try await shop.product()
        let first = try await shop.api.get("/products/\(product)")
        let tag = try #require(first.headers["ETag"])
        #expect(first.headers["Cache-Control"] == "public, no-cache")
        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*", "\(tag.dropLast())-gzip\""] {
            let again = try await shop.api.get("/products/\(product)", headers: ["If-None-Match": known])
            #expect(again.status == 304, "\(known)")
            #expect(again.bytes.isEmpty)
            #expect(again.headers["ETag"] != nil)
        }
        #expect(try await shop.api.get("/products/\(product)", headers: ["If-None-Match": "\"other\""]).status == 200)
        #expect(try await shop.other.get("/products/\(product)").headers["ETag"] == tag, "it is the same in every ingress")
        _ = try await shop.api.send("PATCH", "/products/\(product)", ["name": "Other"], by: shop.staff(), waiting: true)
        let changed = try await shop.api.get("/products/\(product)", headers: ["If-None-Match": tag])
        #expect(changed.status == 200)
        #expect(changed.headers["ETag"] != tag)
    }

    @Test func `a patch changes the given fields, and null removes optional ones`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        let made = try await shop.api.send("POST", "/categories", ["name": .string("Patch \(TestShop.number())")], by: staff, waiting: true)
        let category = made["resource", "id"]
        let product = try await shop.product([
            "description": "old", "category_id": category, "images": ["https://shop.example/a.jpg"], "low_stock_threshold": 7,
        ])
        func patch(_ body: JSON) async throws -> Answer {
            let answer = try await shop.api.send("PATCH", "/products/\(product)", body, by: staff, waiting: true)
            return answer.status == 200 ? try await shop.other.get("/products/\(product)") : answer
        }
        let named = try await patch(["name": "New"])
        #expect(named["name"] == "New")
        #expect(named["description"] == "old")
        #expect(named["category_id"] == category)
        #expect(named["low_stock_threshold"] == 7)
        let cleared = try await patch(["description": nil, "category_id": nil, "images": nil, "low_stock_threshold": nil])
        #expect(cleared["description"] == "")
        #expect(cleared["category_id"].isNull)
        #expect(cleared["images"] == [])
        #expect(cleared["low_stock_threshold"].isNull)
        let refused = try await patch(["name": nil, "sku": nil, "unit_amount": nil, "currency": nil, "is_active": nil, "stock_quantity": nil])
        #expect(refused.status == 422)
        #expect(refused.fields == ["name", "sku", "unit_amount", "currency", "is_active", "stock_quantity"])
    }

    @Test func `only the staff sees an archived product`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer, product) = (try await shop.staff(), try await shop.customer(), try await shop.product())
        #expect(try await shop.api.get("/products/\(product)").status == 200)
        #expect(try await shop.api.send("DELETE", "/products/\(product)", by: staff, waiting: true).status == 200)
        #expect(try await shop.api.get("/products/\(product)").status == 404)
        #expect(try await shop.other.get("/products/\(product)", by: customer.token).status == 404)
        let seen = try await shop.other.get("/products/\(product)", by: staff)
        #expect(seen.status == 200)
        #expect(seen["is_active"] == false)
        #expect(seen.headers["Cache-Control"] == "private, no-store")
        #expect(try await shop.api.send("PATCH", "/products/\(product)", ["is_active": true], by: staff, waiting: true).status == 200)
        #expect(try await shop.other.get("/products/\(product)").status == 200)
    }

    @Test func `a SKU is unique`() async throws {
        let shop = try await TestShop.shared()
        let sku = "ONCE-\(TestShop.number())"
        _ = try await shop.product(["sku": .string(sku)])
        let second = try await shop.api.send(
            "POST", "/products", ["sku": .string(sku), "name": "n", "unit_amount": 1], by: shop.staff(), waiting: true)
        #expect(second.status == 409)
        #expect(second.code == "sku_taken")
        #expect(second["operation_id"].text != nil)
    }

    @Test(arguments: ["/products/00000000-0000-4000-8000-000000000000", "/products/nonsense", "/products/%00", "/products/%ff"])
    func `an unknown product is not found`(path: String) async throws {
        let answer = try await TestShop.shared().api.get(path)
        #expect(answer.status == 404)
        #expect(answer.code == "not_found")
        #expect(answer.headers["Content-Type"] == "application/problem+json")
    }

    @Test func `only the staff changes the catalogue`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        for (method, path) in [("POST", "/products"), ("PATCH", "/products/\(product)"), ("DELETE", "/products/\(product)")] {
            let body: JSON? = method == "DELETE" ? nil : ["name": "x", "sku": "x", "unit_amount": 1]
            #expect(try await shop.api.send(method, path, body).status == 401)
            #expect(try await shop.api.send(method, path, body, by: customer.token).status == 403)
        }
    }

    @Test func `all errors of a product are reported at once`() async throws {
        let shop = try await TestShop.shared()
        let answer = try await shop.api.send(
            "POST", "/products",
            [
                "sku": "", "name": "  ", "unit_amount": -1, "currency": "euro", "stock_quantity": 2_147_483_648, "category_id": "x",
                "images": ["javascript:alert(1)"], "is_active": "yes", "low_stock_threshold": -1, "description": 7, "unknown": "ignored",
            ], by: shop.staff())
        #expect(answer.status == 422)
        #expect(
            answer.fields == [
                "sku", "name", "unit_amount", "currency", "stock_quantity", "category_id", "images[0]", "is_active", "low_stock_threshold",
                "description",
            ])
    }

    @Test func `the ledger adds up to the stock`() async throws {
        let shop = try await TestShop.shared()
        let (staff, product) = (try await shop.staff(), try await shop.product(["stock_quantity": 10]))
        func adjust(_ body: JSON) async throws -> Answer {
            try await shop.api.send("POST", "/products/\(product)/stock", body, by: staff, waiting: true)
        }
        #expect(try await adjust(["delta": 5, "reason": "delivery"]).status == 200)
        #expect(try await adjust(["set": 7, "reason": "counted"]).status == 200)
        let tooMuch = try await adjust(["delta": -8, "reason": "broken"])
        #expect(tooMuch.status == 409)
        #expect(tooMuch.code == "stock_below_zero")
        #expect(try await adjust(["delta": 1, "set": 1, "reason": "both"]).status == 422)
        #expect(try await adjust(["reason": "neither"]).status == 422)
        #expect(try await adjust(["delta": 1]).fields == ["reason"])

        var (movements, path): ([JSON], String?) = ([], "/products/\(product)/stock-movements?limit=2")
        while let next = path {
            let page = try await shop.api.get(next, by: staff)
            #expect(page.status == 200)
            movements += page["items"].list
            path = page["next_cursor"].text.map { "/products/\(product)/stock-movements?limit=2&cursor=\($0)" }
        }
        #expect(movements.map { $0["kind"] } == ["adjustment", "adjustment", "initial"])
        #expect(movements.map { $0["delta"] } == [-8, 5, 10])
        #expect(movements.map { $0["stock_after"] } == [7, 15, 10])
        #expect(movements[0].keys == ["id", "product_id", "kind", "delta", "stock_after", "reason", "order_id", "actor", "at"])
        #expect(try await shop.other.get("/products/\(product)")["stock_quantity"] == 7)
    }
}
