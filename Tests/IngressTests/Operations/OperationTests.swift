import Conveyor
import Fixtures
import Shop
import Testing

@Suite struct OperationTests {
    @Test func `an accepted write has an operation that reports its result`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let accepted = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 1], by: customer.token)
        #expect(accepted.status == 202)
        #expect(accepted.json.keys == ["operation_id", "status", "status_url", "resource"])
        #expect(accepted["status"] == "pending")
        let url = try #require(accepted["status_url"].text)
        #expect(accepted.headers["Location"] == url)
        let ended = try await shop.other.send("GET", "\(url)?wait=20", by: customer.token, absolute: true)
        #expect(ended.status == 200)
        #expect(
            ended.json.keys.isSuperset(of: [
                "operation_id", "type", "status", "attempts", "result", "problem", "resource", "created_at", "finished_at",
            ]))
        #expect(ended["status"] == "succeeded")
        #expect(ended["type"] == "orders.set_cart_item")
        #expect(ended["attempts"] == 1)
    }

    /// Waits for an operation that never ends.
    private func wait(at port: Int) -> RawClient {
        let operation = OperationID(
            kind: .requestPasswordReset, messageID: .v7(milliseconds: UInt64(Clock.milliseconds())), actor: nil, resource: nil)
        let client = RawClient(port: port)
        let id = operation.text(key: OperationKey(secret: TestShop.secretKey))
        client.write("GET /api/v1/operations/\(id)?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n")
        return client
    }

    @Test func `a wait ends at once when its client goes away`() async throws {
        let shop = try await TestShop.shared()
        let client = self.wait(at: shop.api.port)
        client.finish()
        // Its limit is 30 seconds.
        try await eventually("the end", within: .seconds(15)) { client.isClosed }
        #expect(client.received.contains(#""status":"pending""#))
    }

    @Test func `a client may have twenty waiting requests, and further ones are answered at once`() async throws {
        let shop = try await TestShop.shared()
        try await shop.withIngress(["RATE_LIMIT": "on"]) { api, _ in
            var waiting = (0..<20).map { _ in self.wait(at: api.port) }
            // They come at the same time, so any of them may be the extra one.
            waiting.append(self.wait(at: api.port))
            try await eventually("a refusal") { waiting.count(where: { $0.statuses == [429] }) == 1 }
            #expect(waiting.count(where: { $0.statuses.isEmpty }) == 20)
            #expect(try await api.get("/categories").status == 200)
            for client in waiting { client.finish() }
            try await eventually("the end of all", within: .seconds(15)) { waiting.allSatisfy(\.isClosed) }
            let next = self.wait(at: api.port)
            next.finish()
            try await eventually("an answer") { next.isClosed }
            #expect(next.statuses == [200])
        }
    }

    @Test func `a waiting client gets the result at once, with Preference-Applied`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let answer = try await shop.api.send(
            "PUT", "/cart/items/\(product)", ["quantity": 1], by: customer.token, headers: ["Prefer": "respond-async, wait=10"])
        #expect(answer.status == 200)
        #expect(answer["status"] == "succeeded")
        #expect(answer.headers["Preference-Applied"] == "wait=10")
    }

    @Test func `only its actor and the staff see an operation, and an id that was never issued is unknown`() async throws {
        let shop = try await TestShop.shared()
        let (customer, other, product) = (try await shop.customer(), try await shop.customer(), try await shop.product())
        let id = try #require(try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 1], by: customer.token)["operation_id"].text)
        #expect(try await shop.other.get("/operations/\(id)", by: customer.token).status == 200)
        #expect(try await shop.other.get("/operations/\(id)", by: shop.staff()).status == 200)
        #expect(try await shop.other.get("/operations/\(id)", by: other.token).status == 404)
        #expect(try await shop.other.get("/operations/\(id)").status == 401)
        for forged in [String(id.dropLast()) + (id.hasSuffix("A") ? "B" : "A"), "op_", "op_AAAA", "x"] {
            #expect(try await shop.api.get("/operations/\(forged)", by: customer.token).status == 404)
        }
    }

    @Test func `the same key is the same operation through any ingress`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let body: JSON = ["items": [["product_id": .string(product), "quantity": 1]], "shipping_address": TestShop.address]
        func place(_ api: API, _ key: String, _ body: JSON) async throws -> Answer {
            try await api.send("POST", "/orders", body, by: customer.token, waiting: true, headers: ["Idempotency-Key": key])
        }
        let first = try await place(shop.api, "\"key 1\"", body)
        let second = try await place(shop.other, "key 1", body)
        #expect(first.status == 201)
        #expect(second.status == 201)
        #expect(first["operation_id"] == second["operation_id"])
        #expect(first["resource", "id"] == second["resource", "id"])
        #expect(try await shop.api.get("/orders", by: customer.token)["items"].list.count == 1)
        #expect(try await shop.other.get("/products/\(product)")["stock_quantity"] == 99)
        var another = body
        if case .object(var members) = body {
            members["items"] = [["product_id": .string(product), "quantity": 2]]
            another = .object(members)
        }
        for api in [shop.api, shop.other] {
            let reused = try await place(api, "key 1", another)
            #expect(reused.status == 422)
            #expect(reused.code == "idempotency_key_reused")
        }
        #expect(try await place(shop.api, "key 2", body)["resource", "id"] != first["resource", "id"])
        for bad in ["", String(repeating: "k", count: 256), "\"\""] {
            #expect(try await place(shop.api, bad, body).status == 400, "\(bad)")
        }
    }
}
