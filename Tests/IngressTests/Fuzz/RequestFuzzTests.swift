import Conveyor
import Fixtures
import FoundationEssentials
import HTTPTypes
import Logging
import Shop
import Synchronization
import Testing
import Transfer

@testable import Ingress

/// Random requests to every endpoint of a running shop: bodies, queries, headers, ids in paths.
///
/// Longer, and with other inputs: `FUZZ_SECONDS=600 FUZZ_SEED=2 ops/test RequestFuzzTests`.
@Suite struct RequestFuzzTests {
    @Test func `any request succeeds or gets a 4xx, and no accepted message becomes a dead letter`() async throws {
        let shop = try await TestShop()
        let requests = try await RequestMaker(shop)
        let statuses = Mutex<[Int: Int]>([:])
        try await Fuzz.run("HTTP requests", 1500, tasks: 8) { fuzz in
            let request = requests.make(&fuzz)
            let response: Transfer.HTTPResponse
            do throws(TransferError) {
                response = try await requests.client.send(request)
            } catch {
                Issue.record("\(request.method) \(request.url) was not answered: \(error)")
                return
            }
            statuses.withLock { $0[response.status, default: 0] += 1 }
            if !(200..<500 ~= response.status) {
                Issue.record("\(requests.described(request)): \(response.status) \(String(decoding: response.body.prefix(500), as: UTF8.self))")
            }
        }
        print("fuzz: HTTP requests: " + statuses.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") })
        #expect(statuses.withLock { counts in (200..<300).contains { counts[$0] != nil } }, "some requests are good")
        #expect(try await shop.api.send("GET", "/health/ready", absolute: true).status == 200, "it lives")
        // No worker handles e-mails here; all other messages are handled, or wait for a retry.
        try await eventually("the queues to be empty", within: .seconds(120), every: .milliseconds(500)) {
            try await shop.host.depth() == shop.host.ready("email")
        }
        for queue in ["accounts", "inventory", "orders", "payments"] {
            #expect(try await shop.host.ready("\(queue).dead") == 0, "\(queue)")
        }
    }
}

/// Makes nearly valid requests.
private final class RequestMaker: Sendable {
    let client: HTTPClient
    private let base: String
    private let endpoints: [(method: String, path: String, schema: JSON)]
    private let components: JSON
    private let ids: [String]
    private let tokens: [String?]
    private let count = Atomic(0)

    init(_ shop: TestShop) async throws {
        self.client = try HTTPClient(userAgent: "fuzz")
        self.base = "http://127.0.0.1:\(shop.api.port)"
        let document = try #require(JSON(Array(try Data(contentsOf: URL(filePath: Repository.path + "/topology/openapi.json")))))
        self.components = document["components"]["schemas"]
        var endpoints: [(String, String, JSON)] = []
        for (path, item) in document["paths"].members {
            for (method, operation) in item.members {
                // After that, every answer would only be about the ended sessions.
                guard !path.hasSuffix("/logout-all"), !path.hasSuffix("/logout"), !(method == "delete" && path.hasSuffix("/users/me")) else {
                    continue
                }
                endpoints.append((method.uppercased(), path, operation["requestBody"]["content"]["application/json"]["schema"]))
            }
        }
        self.endpoints = endpoints.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map { (method: $0.0, path: $0.1, schema: $0.2) }
        let (staff, customer, other) = (try await shop.staff(), try await shop.customer(), try await shop.customer())
        let product = try await shop.product()
        let order = try await shop.order(of: product, by: customer)
        // The last one does not exist.
        self.ids = [product, order, other.id, "00000000-0000-4000-8000-000000000000"]
        self.tokens = [staff, staff, staff, customer.token, customer.token, nil, "none.of.ours"]
    }

    func described(_ request: Transfer.HTTPRequest) -> String {
        "\(request.method) \(request.url) \(String(decoding: (request.body ?? []).prefix(500), as: UTF8.self))"
    }

    func make(_ fuzz: inout Fuzz) -> Transfer.HTTPRequest {
        let endpoint = fuzz.pick(self.endpoints)
        // The event stream of an existing order does not end.
        let isStream = endpoint.path.hasSuffix("/events")
        var url = self.base
        for part in endpoint.path.split(separator: "/") {
            let isKnown = fuzz.chance(0.8) && !isStream
            url += "/" + (!part.hasPrefix("{") ? String(part) : isKnown ? fuzz.pick(self.ids) : Fuzz.escaped(fuzz.pick(Fuzz.texts)))
        }
        if endpoint.method == "GET" || fuzz.chance(0.1) { url += self.query(&fuzz) }
        var request = Transfer.HTTPRequest(.init(rawValue: endpoint.method), url: String(url.prefix(60_000)))
        request.timeout = .seconds(60)
        if let token = fuzz.pick(self.tokens) { request.headers["Authorization"] = "Bearer \(token)" }
        if endpoint.method != "GET" {
            let json = endpoint.schema.isNull ? fuzz.pick(["", fuzz.json()]) : self.value(endpoint.schema, &fuzz)
            request.body = fuzz.chance(0.15) ? fuzz.broken(Array(json.utf8)) : Array(json.utf8)
            let others = ["text/plain", "application/x-www-form-urlencoded", "application/json;", "application/merge-patch+json"]
            request.headers["Content-Type"] = fuzz.chance(0.95) ? "application/json" : fuzz.pick(others)
        }
        if fuzz.chance(0.3) { request.headers[fuzz.pick(Self.headers)] = Self.headerValue(&fuzz) }
        return request
    }

    // MARK: Queries and headers

    private static let parameters = [
        "q", "category", "min_price", "max_price", "in_stock", "sort", "limit", "cursor", "status", "user_id", "all", "wait", "last_event_id", "x",
        "",
    ]

    private func query(_ fuzz: inout Fuzz) -> String {
        let parameters = (0..<fuzz.pick([0, 1, 1, 2, 4])).map { _ in
            let name = fuzz.pick(Self.parameters)
            let value =
                switch fuzz.pick([0, 1, 2, 3, 4]) {
                case 0 where name == "wait": "0"
                // Waiting is not part of the test.
                case _ where name == "wait": fuzz.pick(["-1", "x", "1e9", "", "9223372036854775808"])
                case 0: Fuzz.escaped(fuzz.pick(Fuzz.texts))
                case 1: fuzz.pick(Fuzz.integers)
                case 2:
                    fuzz.pick(["true", "relevance", "price", "-price", "name", "-created_at", "paid", "1", self.ids[0], "%", "%zz", "%ff", "a%00b"])
                default: self.cursor(&fuzz)
                }
            return "\(name)=\(value)"
        }
        return parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
    }

    private func cursor(_ fuzz: inout Fuzz) -> String {
        let key = fuzz.pick(["", "c", "p", "P", "r", "n"]) + fuzz.pick(Fuzz.integers + Fuzz.texts)
        let bytes = (fuzz.chance(0.7) ? ID(fuzz.pick(self.ids))?.bytes ?? [] : fuzz.bytes(0...20)) + Array(key.utf8)
        return Base64URL.encode(fuzz.chance(0.2) ? fuzz.broken(bytes) : bytes)
    }

    private static let headers = [
        "Idempotency-Key", "Prefer", "If-None-Match", "Last-Event-ID", "X-Request-ID", "traceparent", "Accept-Encoding", "X-Forwarded-For", "Origin",
        "Stripe-Signature", "Content-Encoding", "Accept", "Cookie", "Range", "Forwarded", "Authorization",
    ]

    private static func headerValue(_ fuzz: inout Fuzz) -> String {
        let text = fuzz.pick(
            Fuzz.texts + Fuzz.integers + [
                "wait=0", "wait=1", "wait=99999999999999999999", "t=1,v1=00", "t=9223372036854775807,v1=" + String(repeating: "0", count: 64),
                "00-00000000000000000000000000000000-0000000000000000-00", "*", "W/\"x\"", "\"", "bytes=0-", "gzip;q=9999999999999999999",
                "1.2.3.4:99999",
            ])
        // No client can send characters that no header may contain.
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })).prefix(4000).description
    }

    // MARK: Bodies

    /// JSON that usually fits a schema.
    private func value(_ schema: JSON, _ fuzz: inout Fuzz, _ name: String = "", depth: Int = 0) -> String {
        if depth > 0, fuzz.chance(0.15) { return fuzz.json() }
        if let reference = schema["$ref"].text?.split(separator: "/").last {
            return self.value(self.components[String(reference)], &fuzz, name, depth: depth)
        }
        let types = schema["type"].text.map { [$0] } ?? schema["type"].list.compactMap(\.text)
        if types.contains("null"), fuzz.chance(0.2) { return "null" }
        switch types.first {
        case "object":
            var members: [String] = []
            let branch = fuzz.pick(schema["oneOf"].list + [JSON.null])["properties"].members
            for (name, property) in (schema["properties"].members.merging(branch) { $1 }).sorted(by: { $0.key < $1.key }) where fuzz.chance(0.9) {
                members.append("\(Fuzz.quoted(name)):\(self.value(property, &fuzz, name, depth: depth + 1))")
            }
            if fuzz.chance(0.1) { members.append("\(Fuzz.quoted(fuzz.pick(Fuzz.texts))):\(fuzz.json())") }
            return "{\(members.joined(separator: ","))}"
        case "array":
            let count = fuzz.pick([0, 1, 1, 2, 3])
            return "[\((0..<count).map { _ in self.value(schema["items"], &fuzz, name, depth: depth + 1) }.joined(separator: ","))]"
        case "integer": return fuzz.chance(0.7) ? fuzz.pick(["1", "1", "2", "5.0", "10", "100"]) : fuzz.pick(Fuzz.integers)
        case "boolean": return fuzz.pick(["true", "false"])
        default: return Fuzz.quoted(fuzz.chance(0.25) ? fuzz.pick(Fuzz.texts) : self.text(name, &fuzz))
        }
    }

    /// A text that suits a field.
    private func text(_ name: String, _ fuzz: inout Fuzz) -> String {
        switch name {
        case "email":
            let parts = [
                "a", "b.c", "ü", "李", ".", "..", "@", "@@", "\u{301}", "\u{212a}", " ", "\u{a0}", "\u{200b}", "-", "x.example", "[::1]", "ß", "İ",
                "é", "'",
            ]
            return "f\(self.count.add(1, ordering: .relaxed).newValue)" + (fuzz.chance(0.5) ? fuzz.pick(parts) : "") + "@"
                + (fuzz.chance(0.5) ? "shop.example" : (0..<3).map { _ in fuzz.pick(parts) }.joined())
        case "currency": return fuzz.pick(["usd", "EUR", "jpy", "kwd", "isk", "ugx", "huf", "xyz"])
        case "country": return fuzz.pick(["GB", "de", "ZZ", "England"])
        case "images": return fuzz.pick(["https://shop.example/a.png", "http://x/\"><script>", "https://", "https://[::1]/", "javascript:x"])
        case "sku": return "F-\(self.count.add(1, ordering: .relaxed).newValue)" + fuzz.pick(["", "", " ", "\u{200b}"])
        case "slug": return "f-\(self.count.add(1, ordering: .relaxed).newValue)"
        case _ where name.hasSuffix("id"): return fuzz.pick(self.ids)
        // Hashing a valid password takes most of the time.
        case _ where name.hasSuffix("password"): return fuzz.chance(0.1) ? "correct horse battery staple" : "short"
        default: return fuzz.pick(["Fuzz", "Fuzz und Söhne", "F", "raincoat 抹茶"])
        }
    }
}
