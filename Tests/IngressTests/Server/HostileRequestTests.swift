import Conveyor
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing

@testable import Ingress

/// Well-formed requests that must be refused. (Malformed ones are in ``HostileInputTests``, unsigned and outdated webhooks in
/// `Tests/API/document_test.py`, random bodies in `fuzz_test.py`.)
@Suite struct HostileRequestTests {
    @Test(arguments: [
        ("unit_amount", "1000000000001"), ("unit_amount", "9223372036854775808"), ("unit_amount", "1e19"), ("unit_amount", "-1"),
        ("unit_amount", "0.5"), ("unit_amount", "true"), ("unit_amount", "\"1\""), ("unit_amount", "[1]"), ("stock_quantity", "2147483648"),
        ("stock_quantity", "-1"), ("low_stock_threshold", "4294967296"), ("sku", "1"), ("name", "{}"), ("images", "\"a\""), ("images", "[1]"),
        ("is_active", "\"true\""), ("is_active", "1"), ("category_id", "7"), ("currency", "\"dollars\""),
    ]) func `an amount out of range or of another type is refused with the field's name`(field: String, value: String) async throws {
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

    @Test func `every list refuses a foreign cursor, and the ingress goes on`() async throws {
        let shop = try await TestShop.shared()
        let (staff, product) = (try await shop.staff(), ID(try await shop.product()))
        let numbers = [
            "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "-253402300799999999", "253402300800000000", "-62135596800000001",
            "2147483648", "-2147483649", "1e400", "nan", "", "\u{0}", "-", "x", "\u{661}", String(repeating: "9", count: 400),
        ]
        let ids = [ID(high: 0, low: 0), ID(high: .max, low: .max), try #require(product)]
        // With the mark of each order, without a mark and with an unknown one.
        for key in ["", "c", "p", "P", "r", "n", "z"].flatMap({ mark in numbers.map { mark + $0 } }) {
            for id in ids {
                let cursor = Cursor(key: key, id: id).text
                for order in ["relevance", "price", "-price", "name", "-created_at"] {
                    let answer = try await shop.api.get("/products?sort=\(order)&cursor=\(cursor)")
                    // By name, any text is a position in the list.
                    let isName = order == "name" && key.first == "n" && !key.utf8.contains(0)
                    let isNumber = order.hasSuffix("price") && Int64(key.dropFirst()) != nil
                    // Without a text, the newest come first.
                    let isTime = key.first == "c" && Clock.date(microseconds: key.dropFirst()) != nil
                    #expect(answer.code == "bad_cursor" || answer.status == 200 && (isName || isNumber || isTime), "\(order) \(key): \(answer)")
                }
                for path in ["/orders?all=true&", "/users?", "/products/\(ids[2])/stock-movements?"] {
                    let answer = try await shop.api.get("\(path)cursor=\(cursor)", by: staff)
                    let isPlace = path.contains("stock") ? id == ids[2] && Int64(key) != nil : Clock.date(microseconds: key) != nil
                    #expect(answer.code == "bad_cursor" || answer.status == 200 && isPlace, "\(path) \(key): \(answer)")
                }
            }
        }
        for cursor in ["%00", "AA%00", String(repeating: "A", count: 60_000), "%F0%9F%98%80", "AAAA=", "+/+/"] {
            let answer = try await shop.api.get("/products?cursor=\(cursor)")
            #expect([400, 414, 431].contains(answer.status), "\(cursor.prefix(20)): \(answer)")
        }
        #expect(try await shop.api.send("GET", "/health/live", absolute: true).status == 200)
    }

    @Test func `a parameter without a value counts as not given`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        for query in ["q", "category", "min_price", "max_price", "in_stock", "sort", "limit", "cursor"] {
            for value in ["", "="] { #expect(try await shop.api.get("/products?\(query)\(value)").status == 200, "\(query)\(value)") }
        }
        #expect(try await shop.api.get("/orders?status=&user_id=&all=&limit=&cursor=", by: staff).status == 200)
    }

    private static let bodyLimits: [(method: String, path: String, kibibytes: Int)] = [
        ("POST", "/auth/login", 16),
        ("POST", "/auth/register", 16),
        ("POST", "/auth/password-reset", 16),
        ("POST", "/auth/password-reset/confirm", 16),
        ("POST", "/auth/refresh", 16),
        ("POST", "/users/me/password", 16),
        ("PATCH", "/users/me", 64),
        ("POST", "/orders", 64),
        ("POST", "/cart/checkout", 64),
        ("POST", "/payments/refunds", 64),
        ("POST", "/products", 1024),
        ("POST", "/categories", 1024),
    ]

    @Test(arguments: Self.bodyLimits) func `the limit of a body depends on its endpoint`(method: String, path: String, kibibytes: Int) async throws {
        let limit = kibibytes << 10
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        func answer(_ count: Int) async throws -> Answer {
            try await shop.api.send(
                method, path, .object(["unknown": .string(String(repeating: "x", count: count - #"{"unknown":""}"#.utf8.count))]), by: staff)
        }
        #expect(try await answer(limit + 1).code == "too_large")
        #expect(try await answer(limit).status != 413)
    }

    @Test func `a body with too many values or levels is refused with an explanation`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        for (body, word) in [
            ("[" + Array(repeating: "0", count: 20_000).joined(separator: ",") + "]", "20000 values"),
            (String(repeating: "[", count: 65) + String(repeating: "]", count: 65), "64 levels"),
            (#"{"a":"# + String(repeating: "[", count: 10_000), "64 levels"),
        ] {
            let client = RawClient(port: shop.api.port)
            client.write(
                "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(customer.token)\r\nContent-Type: application/json\r\n"
                    + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            try await eventually("the answer") { client.isClosed }
            #expect(client.statuses == [400])
            #expect(client.received.contains("malformed_json") && client.received.contains(word), "\(client.received.suffix(300))")
        }
        // The largest order is far below the limit.
        let lines = JSON.array((0..<100).map { ["product_id": .string("00000000-0000-4000-8000-\(100_000_000_000 + $0)"), "quantity": 1] })
        let order = try await shop.api.send("POST", "/orders", ["items": lines, "shipping_address": TestShop.address], by: customer.token)
        #expect(order.status == 202)
    }

    @Test func `an address that e-mails cannot reach, or that looks like another account's, is refused`() async throws {
        let shop = try await TestShop.shared()
        for email in [
            "ada\u{a0}x@example.com", "b@example.com\u{a0}", "c@example.com\u{200b}", "f\u{202e}gro.live@example.com", "x@@\u{301}y",
            "l@-example-.com",
            "g@" + Array(repeating: String(repeating: "b", count: 63), count: 4).joined(separator: "."), "h@b\u{fc}cher.example", " a@example.com",
        ] {
            let answer = try await shop.api.send(
                "POST", "/auth/register", ["email": .string(email), "password": .string(TestShop.password)])
            #expect(answer.status == 422 && answer.fields == ["email"], "\(email): \(answer)")
        }
        for name in ["Ada.\n\nConfirm your card at http://evil.example/pay", "www.evil.example", String(repeating: "a", count: 101)] {
            let answer = try await shop.api.send(
                "POST", "/auth/register", ["email": "ada@example.com", "password": .string(TestShop.password), "full_name": .string(name)])
            #expect(answer.status == 422 && answer.fields == ["full_name"], "\(name): \(answer)")
        }
    }

    @Test func `an invalid country is refused with an explanation`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        guard case .object(var address) = TestShop.address else { return }
        address["country"] = "England"
        let answer = try await shop.api.send(
            "POST", "/orders", ["items": [["product_id": .string(customer.id), "quantity": 1]], "shipping_address": .object(address)],
            by: customer.token)
        #expect(answer.fields == ["shipping_address.country"])
        #expect(answer["errors"].list.first?["message"] == "must be a two-letter country code")
    }

    @Test func `the largest order's total is correct`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product(["unit_amount": 1_000_000_000_000, "stock_quantity": 1000]))
        _ = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 1000], by: customer.token, waiting: true)
        #expect(try await shop.api.get("/cart", by: customer.token)["total_amount"] == 1_000_000_000_000_000)
        let order = try await shop.order(of: product, quantity: 1000, by: customer)
        #expect(try await shop.api.get("/orders/\(order)", by: customer.token)["total_amount"] == 1_000_000_000_000_000)
    }

    @Test func `another user's resources cannot be seen, changed or paid`() async throws {
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
        // The id of another type of resource is unknown.
        #expect(try await shop.api.get("/orders/\(product)", by: owner.token).status == 404)
        #expect(try await shop.api.get("/products/\(order)").status == 404)
        #expect(try await shop.api.get("/orders/\(order)", by: owner.token)["status"] == "awaiting_payment")
    }

    @Test func `an old, forged or foreign token is refused`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let user = try #require(ID(customer.id))
        func token(
            secret: String = TestShop.secretKey, environment: String = "test", use: Tokens.Use = .access, epoch: Int = 0, in seconds: Double = 3600,
            at now: Date = Date()
        ) async throws -> String {
            try Tokens(secret: secret, previous: [], environment: environment)
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
            try await token(secret: "a foreign key that is long enough to be one, at least"), try await token(use: .refresh),
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
