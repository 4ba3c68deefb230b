import Fixtures
import Testing
import Transfer

/// A minimal client of a double.
struct Stripe: Sendable {
    /// The answer to a call.
    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let text: String
        let json: Document

        /// A member of the answer.
        subscript(name: String) -> Document? { self.json[name] }
        /// A member of its error.
        var code: String? { self.json["error", "code"]?.text }
        var type: String? { self.json["error", "type"]?.text }
        var message: String? { self.json["error", "message"]?.text }
        var param: String? { self.json["error", "param"]?.text }
    }

    let url: String
    var authorization: String? = "Bearer \(StripeDoubleProcess.secretKey)"
    private let client: HTTPClient

    init(_ url: String) throws {
        self.url = url
        self.client = try HTTPClient(userAgent: "tests")
    }

    /// The same client with another `Authorization` header, or none.
    func authorized(_ header: String?) -> Stripe {
        var copy = self
        copy.authorization = header
        return copy
    }

    func get(_ path: String, _ parameters: [(String, String)] = []) async throws -> Reply {
        try await self.send(.get, parameters.isEmpty ? path : "\(path)?\(Self.form(parameters))", body: nil)
    }

    func post(_ path: String, _ parameters: [(String, String)] = [], key: String? = nil, timeout: Duration = .seconds(30)) async throws -> Reply {
        var headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        headers["Idempotency-Key"] = key
        return try await self.send(.post, path, headers, body: Self.form(parameters), timeout: timeout)
    }

    func delete(_ path: String) async throws -> Reply { try await self.send(.delete, path, body: nil) }

    func send(
        _ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders = [:], body: String?, timeout: Duration = .seconds(30)
    ) async throws -> Reply {
        var request = HTTPRequest(method, url: self.url + path, headers: headers, body: body.map { Array($0.utf8) }, timeout: timeout)
        if let authorization { request.headers["Authorization"] = authorization }
        let response = try await self.client.send(request)
        return Reply(
            status: response.status, headers: response.headers, text: String(decoding: response.body, as: UTF8.self),
            json: (try? Document(response.body)) ?? .null)
    }

    static func form(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(Self.escaped($0))=\(Self.escaped($1))" }.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = UnicodeScalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~[]".unicodeScalars.contains(scalar))
            return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

// MARK: Frequent calls

extension Stripe {
    /// A new PaymentIntent of 20.00 USD.
    func newIntent(_ more: [(String, String)] = []) async throws -> Reply {
        let reply = try await self.post(
            "/v1/payment_intents",
            [
                ("amount", "2000"), ("currency", "usd"), ("automatic_payment_methods[enabled]", "true"),
                ("automatic_payment_methods[allow_redirects]", "never"), ("metadata[order_id]", "order-7"),
            ] + more)
        try #require(reply.status == 200, "\(reply.text)")
        return reply
    }

    /// Its id.
    func newIntentID(_ more: [(String, String)] = []) async throws -> String { try #require(await self.newIntent(more)["id"]?.text) }

    /// A PaymentIntent that was paid with a test method.
    func paidIntentID(_ method: String = "pm_card_visa") async throws -> String {
        let id = try await self.newIntentID()
        let reply = try await self.confirm(id, method)
        try #require(reply["status"]?.text == "succeeded", "\(reply.text)")
        return id
    }

    func confirm(_ id: String, _ method: String, key: String? = nil) async throws -> Reply {
        try await self.post("/v1/payment_intents/\(id)/confirm", [("payment_method", method)], key: key)
    }

    /// The types of the events about a PaymentIntent, oldest first.
    func eventTypes(of intent: String) async throws -> [String] {
        var events: [Document] = []
        // Other tests create events at the same double.
        while true {
            let after = events.last?["id"]?.text.map { [("starting_after", $0)] } ?? []
            let page = try await self.get("/v1/events", [("limit", "100")] + after)
            events += try #require(page["data"]?.array)
            if page["has_more"]?.flag != true { break }
        }
        return events.filter { event in
            let object = event["data", "object"]
            return object?["id"]?.text == intent || object?["payment_intent"]?.text == intent
        }.compactMap { $0["type"]?.text }.reversed()
    }

    /// Polls until the answer is as expected, for delayed changes of the double.
    func eventually(
        _ path: String, within time: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation, _ isWanted: (Reply) -> Bool
    ) async throws -> Reply {
        let end = ContinuousClock.now + time
        while true {
            let reply = try await self.get(path)
            if isWanted(reply) { return reply }
            try #require(ContinuousClock.now < end, "still \(reply.text)", sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Runs a double for one test.
func withStripe(_ work: (Stripe) async throws -> Void) async throws {
    let double = try await StripeDoubleProcess()
    do {
        try await work(Stripe(double.url))
    } catch {
        try? await double.stop()
        throw error
    }
    #expect(try await double.stop() == .status(0))
}
