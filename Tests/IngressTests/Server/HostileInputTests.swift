import Conveyor
import Fixtures
import Testing

/// Any bytes get a clear answer, and no other client is affected.
@Suite struct HostileInputTests {
    /// Raw bytes, and the allowed statuses; after the last one the connection is closed.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let statuses: [Int]
        var testDescription: String { self.name }

        init(_ name: String, _ text: String, _ statuses: Int...) {
            self.name = name
            self.bytes = Array(text.utf8)
            self.statuses = statuses
        }

        init(_ name: String, bytes: [UInt8], _ statuses: Int...) {
            self.name = name
            self.bytes = bytes
            self.statuses = statuses
        }
    }

    private static let host = "Host: shop.example\r\n"

    static let requests: [Case] = [
        Case("no HTTP at all", "hello there, what is this?\r\n\r\n", 405),
        Case("random bytes", bytes: [0, 1, 2, 0xff, 0xfe, 13, 10, 13, 10], 405),
        Case("the beginning of TLS", bytes: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3] + [UInt8](repeating: 7, count: 300), 405),
        Case("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        Case("an unknown method", "FOO / HTTP/1.1\r\n\(host)\r\n", 405),
        Case("an unknown version", "GET / HTTP/9.9\r\n\(host)\r\n", 400),
        Case("no host", "GET / HTTP/1.1\r\n\r\n", 400),
        Case("two hosts", "GET /health HTTP/1.1\r\n\(host)\(host)\r\n", 400),
        Case("two hosts of HTTP/1.0", "GET /health HTTP/1.0\r\n\(host)Host: other.example\r\n\r\n", 400),
        Case("a host that is none", "GET /health HTTP/1.1\r\nHost: shop.example/health\r\n\r\n", 400),
        Case("a header without a name", "GET / HTTP/1.1\r\n\(host): x\r\n\r\n", 400),
        Case("a header with a control character in its name", "GET / HTTP/1.1\r\n\(host)A\u{1}B: x\r\n\r\n", 400),
        Case("a header with NUL in its value", "GET / HTTP/1.1\r\n\(host)A: x\u{0}y\r\n\r\n", 400),
        Case("a header of 20 KiB", "GET / HTTP/1.1\r\n\(host)A: \(String(repeating: "a", count: 20_000))\r\n\r\n", 431),
        Case(
            "40 KiB of headers", "GET / HTTP/1.1\r\n\(host)\((0..<45).map { "A\($0): \(String(repeating: "a", count: 900))\r\n" }.joined())\r\n", 431),
        Case("200 headers", "GET / HTTP/1.1\r\n\(host)\((0..<200).map { "A\($0): a\r\n" }.joined())\r\n", 431),
        Case("a path of 40 KiB", "GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\n\(host)\r\n", 431),
        Case("a path of 8 KiB", "GET /\(String(repeating: "a", count: 8_000)) HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 404),
        Case("a path that is no UTF-8", bytes: Array("GET /".utf8) + [0xff, 0xfe] + Array(" HTTP/1.1\r\n\(host)\r\n".utf8), 400),
        Case("two lengths", "POST /api/v1/orders HTTP/1.1\r\n\(host)Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        Case("a length and chunks", "POST /api/v1/orders HTTP/1.1\r\n\(host)Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        Case("a negative length", "POST /api/v1/orders HTTP/1.1\r\n\(host)Content-Length: -2\r\n\r\n{}", 400),
        Case("a length beyond all numbers", "POST /api/v1/orders HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n{}", 400),
        Case(
            "a chunk without a size",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        Case(
            "an unknown transfer coding",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n{}", 501),
        Case(
            "a compressed body in chunks",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            501),
        Case("a connection to somewhere else", "CONNECT example.com:443 HTTP/1.1\r\n\(host)\r\n", 404),
        Case("another protocol", "GET /health HTTP/1.1\r\n\(host)Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
        Case("an absolute address", "GET http://shop.example/health HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 200),
        Case("HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", 200),
        Case("a body where none belongs", "GET /health HTTP/1.1\r\n\(host)Connection: close\r\nContent-Length: 5\r\n\r\nhello", 200),
        Case("something behind the last request", "GET /health HTTP/1.1\r\n\(host)Connection: close\r\n\r\nGET /health HTTP/1.1\r\n", 200),
        Case("garbage behind a request", "GET /health HTTP/1.1\r\n\(host)\r\n\u{1}\u{2}\r\n\r\n", 200, 405),
        Case(
            "three requests at once",
            "GET /health HTTP/1.1\r\n\(host)\r\nGET /nowhere HTTP/1.1\r\n\(host)\r\nGET / HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 200, 404, 200
        ),
        Case(
            "2 MiB that are announced and do not come",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nContent-Length: 2097152\r\n\r\n{", 413),
        Case(
            "2 MiB for which a go-ahead is asked",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nContent-Length: 2097152\r\nExpect: 100-continue\r\n\r\n",
            413),
        Case(
            "2 MiB in chunks",
            "POST /api/v1/auth/login HTTP/1.1\r\n\(host)Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "10000\r\n\(String(repeating: "x", count: 65_536))\r\n", count: 32) + "0\r\n\r\n", 413),
    ]

    @Test(arguments: requests) func `a malformed or unusual request is answered and closed`(request: Case) async throws {
        let shop = try await TestShop.shared()
        let client = RawClient(port: shop.api.port)
        client.write(request.bytes)
        try await eventually("the end of it, but: \(client.received)") { client.isClosed }
        #expect(client.statuses == request.statuses)
        if request.statuses.last ?? 0 >= 400 {
            #expect(client.received.contains(#/(?i)content-type: application/problem\+json/#))
            #expect(client.received.contains("\"code\":"))
        }
        #expect(try await shop.api.send("GET", "/health", absolute: true).status == 200)
    }

    /// Bodies of `POST /orders`.
    static let bodies: [Case] = [
        Case("nothing", "", 400), Case("half an object", "{", 400), Case("something behind it", "{} x", 400), Case("no JSON", "a=b", 400),
        Case("not a number", "{\"items\":NaN}", 400), Case("a single quote", "{'items':[]}", 400),
        Case("60,000 levels of lists", String(repeating: "[", count: 60_000), 400),
        Case("7,000 levels of objects", String(repeating: "{\"items\":", count: 7_000), 400),
        Case("bytes that are no UTF-8", bytes: Array("{\"items\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8), 400),
        Case("UTF-16", bytes: [0xff, 0xfe] + "{}".utf8.flatMap { [$0, 0] }, 400), Case("a list", "[]", 422), Case("null", "null", 422),
        Case("a text", "\"x\"", 422),
        Case("a lone surrogate", "{\"shipping_address\":{\"name\":\"\\ud800\"}}", 400),
        Case("NUL in a text", "{\"shipping_address\":{\"name\":\"a\\u0000b\"}}", 422),
        Case("a key that comes twice", "{\"items\":[],\"items\":1}", 422), Case("a huge exponent", "{\"items\":[{\"quantity\":1e400}]}", 422),
        Case("a number of 60,000 digits", "{\"items\":[{\"quantity\":\(String(repeating: "9", count: 60_000))}]}", 422),
        Case("a fraction", "{\"items\":[{\"quantity\":1.5}]}", 422), Case("a negative quantity", "{\"items\":[{\"quantity\":-1}]}", 422),
        Case("30,000 elements", "{\"items\":[\(String(repeating: "1,", count: 30_000))1]}", 400),
        Case("one byte too many", "{\"a\":\"\(String(repeating: "x", count: 1 << 20))\"}", 413),
    ]

    @Test(arguments: bodies) func `an impossible body is refused`(body: Case) async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let client = RawClient(port: shop.api.port)
        client.write(
            "POST /api/v1/orders HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(customer.token)\r\nContent-Type: application/json\r\n"
                + "Connection: close\r\nContent-Length: \(body.bytes.count)\r\n\r\n")
        client.write(body.bytes)
        try await eventually("the answer") { client.isClosed }
        #expect(client.statuses == body.statuses)
        #expect(client.received.contains("application/problem+json"))
    }

    @Test(arguments: ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""])
    func `a body with another media type is refused`(type: String) async throws {
        let shop = try await TestShop.shared()
        let answer = try await shop.api.send("POST", "/orders", [:], by: shop.customer().token, headers: ["Content-Type": type])
        #expect(answer.status == 415)
        #expect(answer.code == "unsupported_media_type")
    }

    @Test func `16.0 is an integer, and unknown fields are ignored`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product())
        let client = RawClient(port: shop.api.port)
        let body = "{\"quantity\":16.0,\"unknown\":[{\"a\":null}],\"\u{1F600}\":1}"
        client.write(
            "PUT /api/v1/cart/items/\(product) HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(customer.token)\r\n"
                + "Content-Type: Application/JSON; charset=utf-8\r\nPrefer: wait=20\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        try await eventually("the answer") { client.isClosed }
        #expect(client.statuses == [200])
        #expect(try await shop.api.get("/cart", by: customer.token)["items"].list.first?["quantity"] == 16)
    }

    @Test(arguments: ["<script>alert(1)</script>", "'; drop table users; --", "\u{202e}abc", "%00", "{{7*7}}", "\\", "\"", "🧨\u{200d}💥"])
    func `a text is stored unchanged`(text: String) async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let answer = try await shop.api.send("PATCH", "/users/me", ["full_name": .string(text)], by: customer.token, waiting: true)
        #expect(answer.status == 200)
        #expect(try await shop.other.get("/users/me", by: customer.token)["full_name"] == .string(text))
    }

    @Test(arguments: ["q=%", "q=%zz", "q=%ff", "%c3=1", "q=a&%"]) func `a malformed query is refused`(query: String) async throws {
        let answer = try await TestShop.shared().api.get("/products?\(query)")
        #expect(answer.status == 400)
        #expect(answer.code == "bad_request")
    }

    @Test func `a client that expects 100 Continue gets it`() async throws {
        let shop = try await TestShop.shared()
        let client = RawClient(port: shop.api.port)
        client.write(
            "POST /api/v1/auth/login HTTP/1.1\r\n\(Self.host)Content-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
        )
        try await eventually("the go-ahead") { client.statuses == [100] }
        client.write("{}")
        try await eventually("the answer") { client.isClosed }
        #expect(client.statuses == [100, 422])
    }

    @Test func `an incomplete body delays no other client, and is given up`() async throws {
        let shop = try await TestShop.shared()
        let slow = (0..<50).map { _ in RawClient(port: shop.api.port) }
        for client in slow {
            client.write("POST /api/v1/auth/login HTTP/1.1\r\n\(Self.host)Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        }
        #expect(try await shop.api.send("GET", "/health", absolute: true).status == 200)
        try await eventually("the end of patience", within: .seconds(120), every: .milliseconds(500)) {
            // Slow bytes do not extend the deadline.
            for client in slow { client.write(" ") }
            return slow.allSatisfy { $0.statuses == [408] && $0.isClosed }
        }
    }

    @Test func `a client that goes away in the middle causes no error`() async throws {
        let shop = try await TestShop.shared()
        try await shop.withIngress { api, process in
            for count in [0, 1, 50] {
                let client = RawClient(port: api.port)
                client.write("POST /api/v1/auth/login HTTP/1.1\r\n\(Self.host)Content-Type: application/json\r\nContent-Length: 100\r\n\r\n")
                client.write(String(repeating: " ", count: count))
                client.finish()
                try await eventually("the end") { client.isClosed }
                #expect(client.statuses == [400])
            }
            #expect(!process.output.contains("failed unexpectedly"))
        }
    }
}
