import Kit
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing

/// Requests that are well formed, and still not to be fulfilled. (What is not well formed is in ``HostileInputTests``, webhooks of nobody and of
/// long ago in `Tests/API/document_test.py`, bodies by the hundred in `fuzz_test.py`.)
@Suite struct HostileRequestTests {
    @Test(arguments: [
        ("unit_amount", "1000000000001"), ("unit_amount", "9223372036854775808"), ("unit_amount", "1e19"), ("unit_amount", "-1"),
        ("unit_amount", "0.5"), ("unit_amount", "true"), ("unit_amount", "\"1\""), ("unit_amount", "[1]"), ("stock_quantity", "2147483648"),
        ("stock_quantity", "-1"), ("low_stock_threshold", "4294967296"), ("sku", "1"), ("name", "{}"), ("images", "\"a\""), ("images", "[1]"),
        ("is_active", "\"true\""), ("is_active", "1"), ("category_id", "7"), ("currency", "\"dollars\""),
    ]) func `an amount that no column holds, or another type, is refused by the field's name`(field: String, value: String) async throws {
        let shop = try await TestShop.shared()
        let usual = #""sku":"H","name":"H","unit_amount":1"#.split(separator: ",").filter { !$0.hasPrefix("\"\(field)\"") }
        let body = "{\((usual + ["\"\(field)\":\(value)"]).joined(separator: ","))}"
        let client = RawClient(port: shop.api.port)
        client.write(
            "POST /api/v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(try await shop.staff())\r\nContent-Type: application/json\r\n"
                + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        try await eventually("the answer") { client.isClosed }
        #expect(client.statuses == [422])
        #expect(client.received.contains(#""field":"\#(field)"#))
    }

    @Test func `the most of the dearest adds up`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product(["unit_amount": 1_000_000_000_000, "stock_quantity": 1000]))
        _ = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 1000], by: customer.token, waiting: true)
        #expect(try await shop.api.get("/cart", by: customer.token)["total_amount"] == 1_000_000_000_000_000)
        let order = try await shop.order(of: product, quantity: 1000, by: customer)
        #expect(try await shop.api.get("/orders/\(order)", by: customer.token)["total_amount"] == 1_000_000_000_000_000)
    }

    @Test func `what is another's cannot be seen, changed or paid`() async throws {
        let shop = try await TestShop.shared()
        let (owner, stranger, product) = (try await shop.customer(), try await shop.customer(), try await shop.product())
        let order = try await shop.order(of: product, by: owner)
        for path in ["", "/timeline", "/events"] {
            #expect(try await shop.api.get("/orders/\(order)\(path)", by: stranger.token).status == 404, "\(path)")
        }
        #expect(try await shop.api.send("POST", "/orders/\(order)/cancel", by: stranger.token).status == 404)
        #expect(try await shop.api.send("POST", "/payments/confirm-payment/\(order)", by: stranger.token).status == 404)
        let intent = try await shop.api.send("POST", "/payments/create-payment-intent", ["order_id": .string(order)], by: stranger.token)
        #expect(intent.status == 404)
        for (method, path) in [
            ("POST", "/orders/\(order)/ship"), ("POST", "/orders/\(order)/complete"), ("PATCH", "/users/\(owner.id)"), ("GET", "/users"),
            ("GET", "/orders?user_id=\(owner.id)"), ("GET", "/orders?all=true"), ("PATCH", "/products/\(product)"),
            ("POST", "/products/\(product)/stock"), ("DELETE", "/products/\(product)"), ("GET", "/products/\(product)/stock-movements"),
        ] {
            let refused = try await shop.api.send(method, path, method == "GET" ? nil : [:], by: stranger.token)
            #expect(refused.status == 403, "\(method) \(path)")
            #expect(refused.code == "forbidden")
        }
        // The id of a thing of another kind is that of nothing.
        #expect(try await shop.api.get("/orders/\(product)", by: owner.token).status == 404)
        #expect(try await shop.api.get("/products/\(order)").status == 404)
        #expect(try await shop.api.get("/orders/\(order)", by: owner.token)["status"] == "awaiting_payment")
    }

    @Test func `a token that is old, forged or for something else is refused`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let user = try #require(ID(customer.id))
        func token(
            secret: String = TestShop.secretKey, environment: String = "test", use: Tokens.Use = .access, epoch: Int = 0, in seconds: Double = 3600,
            at now: Date = Date()
        ) async throws -> String {
            try await Tokens(secret: secret, previous: [], environment: environment)
                .sign(
                    .init(
                        userID: user, epoch: epoch, use: use, expiresAt: Date().addingTimeInterval(seconds),
                        session: .init(id: nil, signedInAt: now)), at: now)
        }
        func answer(_ token: String) async throws -> Answer { try await shop.api.get("/users/me", by: token) }
        let good = try await token()
        #expect(try await answer(good).status == 200)
        #expect(try await shop.api.get("/users", by: good).status == 403, "the token's word does not make one a member of the staff")
        #expect(try await answer(token(at: Date().addingTimeInterval(45))).status == 200, "clocks may be a minute off")
        #expect(try await answer(token(in: -1)).code == "token_expired")
        let parts = good.split(separator: ".")
        // {"alg":"none","typ":"JWT"}
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.\(parts[1])."
        let changed = "\(parts[0]).\(parts[1].dropLast(2))AA.\(parts[2])"
        for refused in [
            try await token(secret: "a key of somebody else that is long enough to be one"), try await token(use: .refresh),
            try await token(epoch: 7), try await token(environment: "production"), try await token(at: Date().addingTimeInterval(600)),
            unsigned, changed, "\(parts[0]).\(parts[1]).", "\(parts[0])..\(parts[2])",
        ] {
            let answer = try await answer(refused)
            #expect(answer.status == 401, "\(refused)")
            #expect(answer.code == "unauthorized")
            #expect(answer.headers["WWW-Authenticate"] == "Bearer realm=\"conveyor\", error=\"invalid_token\"")
        }
    }
}
