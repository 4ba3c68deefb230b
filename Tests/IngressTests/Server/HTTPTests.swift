import Conveyor
import Fixtures
import Testing

@Suite struct HTTPTests {
    @Test func `the pages at the root exist`() async throws {
        let api = try await TestShop.shared().api
        #expect(try await api.send("GET", "/", absolute: true)["name"] == "conveyor")
        #expect(try await api.send("GET", "/health", absolute: true).json == ["status": "healthy"])
        #expect(try await api.send("GET", "/health/live", absolute: true).status == 200)
        #expect(try await api.send("GET", "/health/ready", absolute: true).status == 200)
        #expect(String(decoding: try await api.send("GET", "/metrics", absolute: true).bytes, as: UTF8.self).contains("conveyor_http_requests_total"))
        #expect(try await api.send("GET", "/problems/out_of_stock", absolute: true).status == 200)
        #expect(try await api.send("GET", "/problems/none", absolute: true).status == 404)
    }

    @Test func `every answer has an id and security headers`() async throws {
        let api = try await TestShop.shared().api
        for path in ["/api/v1/products", "/nowhere", "/health"] {
            let answer = try await api.send("GET", path, absolute: true)
            #expect(answer.headers["X-Request-ID"]?.count == 32)
            #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
            #expect(answer.headers["X-Frame-Options"] == "DENY")
            #expect(answer.headers["Referrer-Policy"] == "no-referrer")
            #expect(answer.headers["Content-Security-Policy"] != nil)
        }
        #expect(try await api.get("/products", headers: ["X-Request-ID": "mine-1"]).headers["X-Request-ID"] == "mine-1")
        #expect(try await api.get("/products", headers: ["X-Request-ID": "with blank"]).headers["X-Request-ID"] != "with blank")
    }

    @Test(arguments: ["/health", "/api/v1/products", "/api/v1/categories", "/nowhere", "/api/v1/users/me"])
    func `HEAD is GET without a body`(path: String) async throws {
        let api = try await TestShop.shared().api
        let get = try await api.send("GET", path, absolute: true)
        let head = try await api.send("HEAD", path, absolute: true)
        #expect(head.status == get.status)
        #expect(head.bytes.isEmpty)
        #expect(head.headers["Content-Type"] == get.headers["Content-Type"])
    }

    @Test(arguments: [
        ("DELETE", "/products"), ("PUT", "/orders"), ("QUERY", "/products"), ("TRACE", "/orders"), ("PATCH", "/auth/login"), ("POST", "/users/me"),
    ])
    func `a method that a path does not support is refused with the supported ones`(method: String, path: String) async throws {
        let answer = try await TestShop.shared().api.send(method, path)
        #expect(answer.status == 405)
        #expect(answer.code == "method_not_allowed")
        let allowed = try #require(answer.headers["Allow"])
        #expect(!allowed.contains(method))
        #expect(allowed.contains("OPTIONS"))
    }

    @Test func `OPTIONS lists the methods of a path`() async throws {
        let api = try await TestShop.shared().api
        let answer = try await api.send("OPTIONS", "/users/me")
        #expect(answer.status == 204)
        #expect(answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH")
        #expect(try await api.send("OPTIONS", "/nowhere").status == 404)
    }

    @Test(arguments: ["/products/", "//products", "/products//", "/Products", "/pr%6Fducts", "/products;x"])
    func `a resource has one address`(path: String) async throws {
        #expect(try await TestShop.shared().api.get(path).status == 404)
    }

    @Test func `long answers are gzipped for clients that accept it, with their own tag`() async throws {
        let shop = try await TestShop.shared()
        let product = try await shop.product(["description": .string(String(repeating: "long ", count: 500))])
        func get(_ coding: String, _ path: String) async throws -> RawClient {
            let client = RawClient(port: shop.api.port)
            client.write("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: \(coding)\r\n\r\n")
            try await eventually("the answer") { client.isClosed }
            return client
        }
        for path in ["/api/v1/products/\(product)", "/api/v1/products?limit=50", "/metrics"] {
            for coding in ["gzip", "br, gzip;q=0.1", "*"] {
                let answer = try await get(coding, path).received
                #expect(answer.contains("\r\nContent-Encoding: gzip\r\n"), "\(path) \(coding)")
                #expect(answer.contains("\r\nVary: Accept-Encoding\r\n"))
            }
            for coding in ["identity", "br", "gzip;q=0", "*;q=0"] {
                let answer = try await get(coding, path).received
                #expect(!answer.contains("Content-Encoding"), "\(path) \(coding)")
                #expect(answer.contains("\r\nVary: Accept-Encoding\r\n"))
            }
        }
        let (plain, gzipped) = (
            try await get("identity", "/api/v1/products/\(product)").received, try await get("gzip", "/api/v1/products/\(product)").received
        )
        let tag = #/ETag: ("[^"]+")/#
        let (first, second) = (try #require(plain.firstMatch(of: tag)?.1), try #require(gzipped.firstMatch(of: tag)?.1))
        #expect(first != second)
        for known in [first, second] {
            let again = try await shop.api.get("/products/\(product)", headers: ["If-None-Match": String(known)])
            #expect(again.status == 304)
            #expect(again.headers["ETag"] == String(known))
        }
        #expect(try await shop.api.get("/products/\(product)")["description"].text?.count == 2500)
    }

    @Test func `allowed origins get CORS headers, others do not`() async throws {
        let shop = try await TestShop.shared()
        try await shop.withIngress(["BACKEND_CORS_ORIGINS": #"["https://shop.example"]"#]) { api, _ in
            let allowed = try await api.get("/products", headers: ["Origin": "https://shop.example"])
            #expect(allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example")
            #expect(allowed.headers["Vary"]?.contains("Origin") == true)
            let refused = try await api.get("/cart", headers: ["Origin": "https://shop.example"])
            #expect(refused.status == 401)
            #expect(refused.headers["Access-Control-Allow-Origin"] == "https://shop.example", "an error can be read as well")
            #expect(try await api.get("/products", headers: ["Origin": "https://evil.example"]).headers["Access-Control-Allow-Origin"] == nil)
            let preflight = try await api.send(
                "OPTIONS", "/orders", headers: ["Origin": "https://shop.example", "Access-Control-Request-Method": "POST"])
            #expect(preflight.status == 204)
            #expect(preflight.headers["Access-Control-Allow-Methods"]?.contains("POST") == true)
            #expect(preflight.headers["Access-Control-Allow-Headers"]?.contains("Idempotency-Key") == true)
        }
    }

    @Test func `too many requests are refused for a while, per client, and at sign-in per account`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let limits = [
            "RATE_LIMIT": "on", "RATE_LIMIT_READS": "3/3600", "RATE_LIMIT_WRITES": "2/3600", "RATE_LIMIT_AUTH": "4/3600",
            "TRUSTED_PROXIES": "127.0.0.1",
        ]
        try await shop.withIngress(limits) { api, _ in
            func from(_ address: String) -> [String: String] { ["X-Forwarded-For": address] }
            for left in [2, 1, 0] {
                let answer = try await api.get("/categories", headers: from("192.0.2.1"))
                #expect(answer.status == 200)
                #expect(answer.headers["RateLimit-Policy"] == "\"reads\";q=3;w=3600")
                #expect(answer.headers["RateLimit"]?.hasPrefix("\"reads\";r=\(left);t=") == true)
            }
            let refused = try await api.get("/categories", headers: from("192.0.2.1"))
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(refused.headers["Retry-After"].flatMap { Int($0) }.map { 1...3600 ~= $0 } == true)
            #expect(try await api.get("/categories", headers: from("192.0.2.2")).status == 200, "another client is not held up")

            for _ in 0..<2 { #expect(try await api.send("DELETE", "/cart", by: customer.token, headers: from("192.0.2.1")).status == 202) }
            #expect(try await api.send("DELETE", "/cart", by: customer.token, headers: from("192.0.2.1")).status == 429)

            // A new address each time: the account is counted.
            func login(_ index: Int) async throws -> Int {
                try await api.send(
                    "POST", "/auth/login", ["email": .string(customer.email), "password": "guess"], headers: from("198.51.100.\(index)")
                ).status
            }
            for index in 1...4 { #expect(try await login(index) == 401) }
            #expect(try await login(5) == 429)
            #expect(try await api.send("GET", "/health", headers: from("192.0.2.1"), absolute: true).status == 200, "health is not limited")
        }
    }

    @Test func `a refused sender is logged with its address, without the e-mail address`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        try await shop.withIngress(["TRUSTED_PROXIES": "127.0.0.1", "LOG_SAMPLE": "1"]) { api, process in
            // The sample of successful lines is used up.
            for _ in 0..<20 { _ = try await api.get("/categories") }
            let from = ["X-Forwarded-For": "198.51.100.7"]
            _ = try await api.send("POST", "/auth/login", ["email": .string(customer.email), "password": "guess"], headers: from)
            _ = try await api.send("GET", "/users", by: customer.token, headers: from)
            _ = try await api.get("/users/me", by: "none", headers: from)
            _ = try await api.send("POST", "/webhooks/stripe", [:], headers: from)
            _ = try await api.send(
                "POST", "/auth/login", ["email": .string(customer.email), "password": .string(TestShop.password)], headers: from)
            let outcomes = ["bad_credentials", "forbidden", "unauthorized", "bad_signature", "signed_in"]
            for outcome in outcomes { try await process.waits(for: "\"outcome\":\"\(outcome)\"") }
            let lines = process.output.split(separator: "\n").compactMap { JSON(Array($0.utf8)) }.filter { $0["message"] == "security" }
            #expect(lines.map { $0["outcome"].text } == outcomes)
            #expect(lines.allSatisfy { $0["client"] == "198.51.100.7" && $0["request_id"].text != nil })
            #expect(lines.map { $0["user_id"].text } == [customer.id, customer.id, nil, nil, customer.id])
            #expect(lines[0]["email_hash"].text?.count == 16 && lines[0]["email_hash"] == lines[4]["email_hash"])
            #expect(!process.output.contains(customer.email))
        }
    }

    @Test func `behind a trusted TLS proxy, browsers get Strict-Transport-Security`() async throws {
        let shop = try await TestShop.shared()
        try await shop.withIngress(["TRUSTED_PROXIES": "127.0.0.1"]) { api, _ in
            let proxied = try await api.get("/categories", headers: ["X-Forwarded-Proto": "https"])
            #expect(proxied.headers["Strict-Transport-Security"]?.contains("max-age=") == true)
            #expect(try await api.get("/categories", headers: ["X-Forwarded-Proto": "http"]).headers["Strict-Transport-Security"] == nil)
        }
        #expect(try await shop.api.get("/categories", headers: ["X-Forwarded-Proto": "https"]).headers["Strict-Transport-Security"] == nil)
    }

    @Test func `bad signatures are refused for a while, other clients' webhooks are not`() async throws {
        let shop = try await TestShop.shared()
        try await shop.withIngress(["RATE_LIMIT": "on", "TRUSTED_PROXIES": "127.0.0.1"]) { api, _ in
            func status(from address: String) async throws -> Int {
                let signature = "t=\(Clock.seconds()),v1=\(String(repeating: "0", count: 64))"
                return try await api.send(
                    "POST", "/webhooks/stripe", [:], headers: ["X-Forwarded-For": address, "Stripe-Signature": signature]
                ).status
            }
            // Sixty at once; on a slow machine each second releases one.
            var refused = 0
            while refused < 300, try await status(from: "198.51.100.7") == 400 { refused += 1 }
            #expect(60..<300 ~= refused)
            #expect(try await status(from: "198.51.100.7") == 429)
            #expect(try await status(from: "198.51.100.8") == 400)
        }
    }

    @Test func `while the broker is away, writes get Retry-After, and reads go on`() async throws {
        try await withPrivateBroker { broker in
            try await withVirtualHost(of: broker) { host in
                try await host.declareShop()
                let shop = try await TestShop.shared()
                let (customer, product) = (try await shop.customer(), try await shop.product())
                try await shop.withIngress(["AMQP_URL": host.amqpURL]) { api, _ in
                    #expect(try await api.get("/products/\(product)").status == 200)
                    try await broker.suspend()
                    let write = try await api.send("DELETE", "/cart", by: customer.token)
                    #expect(write.status == 503)
                    #expect(["broker_unreachable", "not_confirmed", "broker_blocked"].contains(write.code))
                    #expect(write.headers["Retry-After"] != nil)
                    #expect(try await api.get("/products/\(product)").status == 200)
                    try await broker.resume()
                    try await eventually("the broker", within: .seconds(30)) {
                        try await api.send("DELETE", "/cart", by: customer.token).status == 202
                    }
                }
            }
        }
    }
}
