import Conveyor
import Fixtures
import Testing

@Suite struct CartTests {
    @Test func `a cart shows its items at current prices with their stock`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer) = (try await shop.staff(), try await shop.customer())
        let empty = try await shop.api.get("/cart", by: customer.token)
        #expect(empty.json == ["items": [], "total_amount": 0, "currency": "usd", "updated_at": nil])
        #expect(empty.headers["Cache-Control"] == "private, no-store")

        let product = try await shop.product(["unit_amount": 250, "stock_quantity": 3])
        let put = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 2], by: customer.token, waiting: true)
        #expect(put.status == 200)
        #expect(put["resource"] == ["type": "cart", "id": .string(customer.id), "url": "/api/v1/cart"])
        let cart = try await shop.other.get("/cart", by: customer.token)
        let item = try #require(cart["items"].list.first)
        #expect(item.keys == ["product_id", "sku", "name", "quantity", "unit_amount", "currency", "available", "amount"])
        #expect(item["quantity"] == 2)
        #expect(item["available"] == 3)
        #expect(item["amount"] == 500)
        #expect(cart["total_amount"] == 500)
        #expect(cart["updated_at"].text != nil)

        _ = try await shop.api.send("PATCH", "/products/\(product)", ["unit_amount": 300, "stock_quantity": 1], by: staff, waiting: true)
        let later = try await shop.other.get("/cart", by: customer.token)
        #expect(later["total_amount"] == 600)
        #expect(later["items"].list[0]["available"] == 1)
        _ = try await shop.api.send("DELETE", "/products/\(product)", by: staff, waiting: true)
        #expect(try await shop.other.get("/cart", by: customer.token)["items"].list[0]["available"] == 0)
    }

    @Test func `a quantity is absolute, and zero removes the item`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product, other) = (try await shop.customer(), try await shop.product(), try await shop.product())
        func put(_ quantity: JSON, _ product: String) async throws -> Answer {
            try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": quantity], by: customer.token, waiting: true)
        }
        func quantities() async throws -> [JSON] { try await shop.other.get("/cart", by: customer.token)["items"].list.map { $0["quantity"] } }
        _ = try await put(2, product)
        _ = try await put(5, product)
        #expect(try await quantities() == [5])
        _ = try await put(0, product)
        #expect(try await quantities() == [])
        _ = try await put(1, product)
        _ = try await put(1, other)
        #expect(try await shop.api.send("DELETE", "/cart/items/\(product)", by: customer.token, waiting: true).status == 200)
        #expect(try await quantities() == [1])
        #expect(try await shop.api.send("DELETE", "/cart", by: customer.token, waiting: true).status == 200)
        #expect(try await quantities() == [])
    }

    @Test(arguments: [-1, 1001, "2", .double(1.5), nil] as [JSON])
    func `an impossible quantity is refused`(quantity: JSON) async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let answer = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": quantity], by: customer.token)
        #expect(answer.status == 422)
        #expect(answer.fields == ["quantity"])
    }

    @Test func `an unknown product cannot be added to a cart`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let answer = try await shop.api.send(
            "PUT", "/cart/items/00000000-0000-4000-8000-000000000000", ["quantity": 1], by: customer.token, waiting: true)
        #expect(answer.status == 409)
        #expect(answer.code == "product_unknown")
        #expect(try await shop.api.send("PUT", "/cart/items/x", ["quantity": 1], by: customer.token).status == 404)
        #expect(try await shop.api.get("/cart").status == 401)
    }

    @Test func `simultaneous checkouts of a cart make one order`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        _ = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 3], by: customer.token, waiting: true)
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for index in 0..<32 {
                group.addTask {
                    try await (index.isMultiple(of: 2) ? shop.api : shop.other).send(
                        "POST", "/cart/checkout", ["shipping_address": TestShop.address], by: customer.token, waiting: true)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.filter { $0.status == 201 }.count == 1)
        #expect(answers.filter { $0.status == 409 && $0.code == "cart_empty" }.count == 31)
        let orders = try await shop.api.get("/orders", by: customer.token)["items"].list
        #expect(orders.count == 1)
        #expect(orders.first?["items"].list.first?["quantity"] == 3)
        #expect(orders.first?["total_amount"] == 3000)
        #expect(try await shop.api.get("/cart", by: customer.token)["items"] == [])
        #expect(try await shop.other.get("/products/\(product)")["stock_quantity"] == 97)
    }
    @Test func `eight customers who change their carts and check out at once order the last quantities`() async throws {
        let shop = try await TestShop.shared()
        let product = try await shop.product(["stock_quantity": 10_000])
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let customer = try await shop.customer()
                    for round in Int64(1)...10 {
                        // No change is awaited, and every second checkout uses the other ingress.
                        for quantity in [round + 1, round] {
                            let put = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": .int(quantity)], by: customer.token)
                            #expect(put.status == 202)
                        }
                        let checkout = try await (round.isMultiple(of: 2) ? shop.api : shop.other).send(
                            "POST", "/cart/checkout", ["shipping_address": TestShop.address], by: customer.token, waiting: true)
                        #expect(checkout.status == 201, "\(checkout)")
                        let order = try await shop.api.get("/orders/\(checkout["resource"]["id"].text ?? "-")", by: customer.token)
                        #expect(order["items"].list.map { $0["quantity"] } == [.int(round)])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
