import Conveyor
import Fixtures
import Testing

@Suite struct OrderTests {
    @Test func `an order has all its fields`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product(["unit_amount": 250]))
        let id = try await shop.order(of: product, quantity: 2, by: customer)
        let order = try await shop.other.get("/orders/\(id)", by: customer.token)
        #expect(order.status == 200)
        #expect(
            order.json.keys == [
                "id", "number", "user_id", "status", "payment_status", "currency", "total_amount", "amount_refunded", "items", "shipping_address",
                "billing_address", "payment_intent_id", "payments", "refunds", "disputed", "rejection", "payment_due_at", "tracking", "created_at",
                "updated_at",
            ])
        #expect(order["status"] == "awaiting_payment")
        #expect(order["payment_status"] == "unpaid")
        #expect(order["total_amount"] == 500)
        #expect(order["items"].list.first?.keys == ["product_id", "sku", "name", "quantity", "unit_amount", "amount"])
        #expect(order["shipping_address", "city"] == "London")
        #expect(order["tracking"].isNull)
        #expect(order.headers["Cache-Control"] == "private, no-store")
    }

    @Test func `another user's order is not found`() async throws {
        let shop = try await TestShop.shared()
        let (owner, other, product) = (try await shop.customer(), try await shop.customer(), try await shop.product())
        let id = try await shop.order(of: product, by: owner)
        for path in ["/orders/\(id)", "/orders/\(id)/timeline", "/orders/\(id)/events"] {
            #expect(try await shop.api.get(path, by: other.token).status == 404)
            #expect(try await shop.api.get(path).status == 401)
        }
        #expect(try await shop.api.send("POST", "/orders/\(id)/cancel", by: other.token).status == 404)
        #expect(try await shop.api.send("POST", "/payments/create-payment-intent", ["order_id": .string(id)], by: other.token).status == 404)
        #expect(try await shop.api.get("/orders/\(id)", by: try await shop.staff()).status == 200)
        #expect(try await shop.api.get("/orders?user_id=\(owner.id)", by: other.token).status == 403)
        #expect(try await shop.api.get("/orders?all=true", by: other.token).status == 403)
    }

    @Test func `orders are listed in pages, newest first, and by status`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        var made: [String] = []
        for _ in 0..<5 { made.append(try await shop.order(of: product, by: customer)) }
        var (seen, path): ([String], String?) = ([], "/orders?limit=2")
        while let next = path {
            let page = try await shop.other.get(next, by: customer.token)
            seen += page["items"].list.compactMap { $0["id"].text }
            path = page["next_cursor"].text.map { "/orders?limit=2&cursor=\($0)" }
        }
        #expect(seen == made.reversed())
        _ = try await shop.api.send("POST", "/orders/\(made[0])/cancel", by: customer.token, waiting: true)
        let cancelled = try await shop.other.get("/orders?status=cancelled", by: customer.token)
        #expect(cancelled["items"].list.map { $0["id"] } == [.string(made[0])])
        #expect(try await shop.api.get("/orders?status=lost", by: customer.token).fields == ["status"])
        let all = try await shop.api.get("/orders?user_id=\(customer.id)&limit=100", by: try await shop.staff())
        #expect(all["items"].list.count == 5)
    }

    @Test func `an order that cannot be fulfilled names the lines and leaves no row`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product(["stock_quantity": 1]))
        let answer = try await shop.api.send(
            "POST", "/orders",
            ["items": [["product_id": .string(product), "quantity": 2]], "shipping_address": TestShop.address], by: customer.token, waiting: true)
        #expect(answer.status == 409)
        #expect(answer.code == "out_of_stock")
        #expect(answer["lines"] == [["product_id": .string(product), "requested": 2, "available": 1]])
        #expect(try await shop.other.get("/products/\(product)")["stock_quantity"] == 1)
        let unknown = try await shop.api.send(
            "POST", "/orders",
            ["items": [["product_id": "00000000-0000-4000-8000-000000000000", "quantity": 2]], "shipping_address": TestShop.address],
            by: customer.token, waiting: true)
        #expect(unknown.code == "product_unknown")
        #expect(unknown["lines"].list.first?["available"] == 0)
    }

    @Test func `the timeline contains every change with its cause`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let id = try await shop.order(of: product, by: customer)
        _ = try await shop.api.send("POST", "/orders/\(id)/cancel", ["reason": "changed my mind"], by: customer.token, waiting: true)
        let timeline = try await shop.other.get("/orders/\(id)/timeline", by: customer.token)
        let entries = timeline["items"].list
        #expect(entries.prefix(3).map { $0["type"] } == ["order.placed", "order.awaiting_payment", "order.cancelled"])
        #expect(entries.prefix(3).map { $0["status"] } == ["pending", "awaiting_payment", "cancelled"])
        #expect(entries.allSatisfy { $0.keys == ["id", "type", "status", "at", "actor", "message_id", "causation_id", "detail"] })
        #expect(entries[2]["actor"] == .string(customer.id))
        #expect(entries[2]["detail"]["reason"] == "changed my mind")
        let again = try await shop.api.send("POST", "/orders/\(id)/cancel", by: customer.token, waiting: true)
        #expect(again.status == 409)
        #expect(again.code == "not_cancellable")
    }

    @Test func `only the staff ships, and only paid orders`() async throws {
        let shop = try await TestShop.shared()
        let (staff, customer, product) = (try await shop.staff(), try await shop.customer(), try await shop.product())
        let id = try await shop.order(of: product, by: customer)
        #expect(try await shop.api.send("POST", "/orders/\(id)/ship", ["carrier": "DHL"], by: customer.token).status == 403)
        let early = try await shop.api.send("POST", "/orders/\(id)/ship", ["carrier": "DHL"], by: staff, waiting: true)
        #expect(early.code == "not_shippable")
        #expect(try await shop.api.send("POST", "/orders/\(id)/complete", by: staff, waiting: true).code == "not_completable")
    }

    @Test(
        arguments: [
            ([:], ["items", "shipping_address"]), (["items": [], "shipping_address": TestShop.address], ["items"]),
            (["items": [["product_id": "x", "quantity": 0]], "shipping_address": TestShop.address], ["items[0].product_id", "items[0].quantity"]),
            (
                ["items": [["product_id": "00000000-0000-4000-8000-000000000000", "quantity": 1001]], "shipping_address": [:]],
                [
                    "items[0].quantity", "shipping_address.name", "shipping_address.line1", "shipping_address.city", "shipping_address.postal_code",
                    "shipping_address.country",
                ]
            ), ([], ["body"]),
        ] as [(JSON, Set<String>)])
    func `all errors of an order are reported at once`(body: JSON, fields: Set<String>) async throws {
        let shop = try await TestShop.shared()
        let answer = try await shop.api.send("POST", "/orders", body, by: try await shop.customer().token)
        #expect(answer.status == 422)
        #expect(answer.fields == fields)
    }
}
