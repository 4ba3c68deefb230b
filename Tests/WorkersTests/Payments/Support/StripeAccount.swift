import Conveyor
import Fixtures
import FoundationEssentials
import Shop
import Synchronization
import Transfer

@testable import Payments

/// Stripe's double, as the customer's browser, the bank and the dashboard use it.
final class StripeAccount: Sendable {
    private let process: StripeDoubleProcess
    private let client: HTTPClient
    private let delivered = Mutex<Set<String>>([])

    init() async throws {
        self.process = try await StripeDoubleProcess()
        self.client = try HTTPClient(userAgent: "tests")
    }

    var url: String { self.process.url }

    /// A call of the double with the secret key; any status is returned.
    @discardableResult
    func call(_ method: HTTPMethod, _ path: String, _ form: [(String, String)] = [], key: String? = nil) async throws -> JSONValue {
        var request = HTTPRequest(method, url: self.url + path, headers: ["Authorization": "Bearer \(StripeDoubleProcess.secretKey)"])
        request.headers["Idempotency-Key"] = key
        if method == .post {
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
            request.body = FormEncoding.encode(form)
        } else if !form.isEmpty {
            request.url += "?" + String(decoding: FormEncoding.encode(form), as: UTF8.self)
        }
        return try JSON.decode(JSONValue.self, from: try await self.client.send(request).body)
    }

    // MARK: Actions of others

    /// The customer pays with a test method.
    @discardableResult
    func pay(_ intent: String, _ method: String = "pm_card_visa") async throws -> JSONValue {
        try await self.call(.post, "/_double/payment_intents/\(intent)/pay", [("payment_method", method)])
    }

    /// A resource of the control API, e.g. `refunds`.
    @discardableResult
    func control(_ path: String, _ form: [(String, String)] = []) async throws -> JSONValue { try await self.call(.post, "/_double/\(path)", form) }

    /// A fault of calls to that path from now on.
    func fault(_ kind: String, _ method: String, _ path: String, _ more: [(String, String)] = [("count", "1")]) async throws {
        try await self.control("faults", [("kind", kind), ("method", method), ("path", path)] + more)
    }

    /// The events that were not returned yet, oldest first, as the webhook would deliver them.
    func newEvents() async throws -> [StripeEvent] {
        let page = try await self.call(.get, "/v1/events", [("limit", "100")])
        let events = try JSON.decode(StripeList<ListedEvent>.self, from: JSON.encode(page)).data.reversed().map { try $0.command }
        return self.delivered.withLock { delivered in events.filter { delivered.insert($0.eventID).inserted } }
    }

    // MARK: Received calls

    /// A call in the double's log.
    struct Request: Sendable {
        /// E.g. `POST /v1/payment_intents/*/cancel`.
        var name: String
        var isOver: Bool
        var isReplay: Bool
        var status: Int?
        /// The requested API version.
        var version: String?
    }

    /// The API calls with the secret key, oldest first.
    func requests() async throws -> [Request] {
        try await self.call(.get, "/_double/requests")["data"].array.compactMap { entry in
            guard let method = entry["method"].string, let path = entry["path"].string else { return nil }
            let name = path.split(separator: "/").map { $0.contains(/^(pi|re|ch|dp|evt)_/) ? "*" : $0 }.joined(separator: "/")
            return Request(
                name: "\(method) /\(name)", isOver: entry["ended"].bool ?? false, isReplay: entry["replayed"].bool ?? false,
                status: entry["status"].integer.map(Int.init), version: entry["stripe_version"].string)
        }
    }

    /// The calls that took effect: each successful POST that was not a replay.
    func work() async throws -> [String] {
        try await self.requests().filter { $0.name.hasPrefix("POST") && !$0.isReplay && $0.status == 200 }.map {
            String($0.name.dropFirst("POST /v1/".count))
        }
        .sorted()
    }
}
