import Conveyor
import Fixtures
import FoundationEssentials
import Shop
import Synchronization
import Transfer

/// The customers' frontend. After 503 or no answer it repeats a request with the same Idempotency-Key: so each request is accepted in the end, and
/// once.
final class Frontend: Sendable {
    private let base: String
    private let stripe: StripeControl
    private let client: HTTPClient
    private let counts = Mutex<[String: Int]>([:])

    init(port: Int, stripe: StripeControl) throws {
        self.base = "http://127.0.0.1:\(port)/api/v1"
        self.stripe = stripe
        self.client = try HTTPClient(userAgent: "tests")
    }

    /// The number of repetitions, by the refusal's code; `no answer` without one.
    var refusals: [String: Int] { self.counts.withLock { $0 } }

    /// Forgets the refusals.
    func beginCounting() { self.counts.withLock { $0 = [:] } }

    // MARK: Customers' actions

    /// A write, repeated until it is accepted.
    func write(_ path: String, _ body: some Encodable, by token: String, method: HTTPMethod = .post) async throws -> Accepted {
        var request = HTTPRequest(method, url: self.base + path, body: try JSON.encode(body))
        request.headers["Content-Type"] = "application/json"
        request.headers["Authorization"] = "Bearer \(token)"
        request.headers["Idempotency-Key"] = UUID().uuidString
        return try await self.ask(request, expecting: 202)
    }

    func read<Answer: Decodable>(_ path: String, by token: String) async throws -> Answer {
        try await self.ask(HTTPRequest(url: self.base + path, headers: ["Authorization": "Bearer \(token)"]), expecting: 200)
    }

    /// The operation in its final state.
    func ended(_ accepted: Accepted, by token: String, within time: Duration = .seconds(120)) async throws -> Operation {
        try await eventualValue("operation \(accepted.operationID) ends", within: time) {
            let operation: Operation = try await self.read("/operations/\(accepted.operationID)?wait=5", by: token)
            return ["succeeded", "rejected", "failed"].contains(operation.status) ? operation : nil
        }
    }

    /// Pays an order as soon as possible, and waits until the shop knows.
    func pay(_ order: Accepted, by token: String) async throws {
        let placed = try await self.ended(order, by: token)
        guard placed.status == "succeeded" else { throw FixtureError("order \(order.resource.id) is \(placed.status)") }
        let asked = try await self.write("/payments/create-payment-intent", ["order_id": order.resource.id], by: token)
        guard let intent = try await self.ended(asked, by: token).result?.paymentIntentID else {
            throw FixtureError("no intent for order \(order.resource.id)")
        }
        // The browser's part.
        try await self.stripe.send(.post, "/_double/payment_intents/\(intent)/pay", "payment_method=pm_card_visa")
        try await eventually("order \(order.resource.id) is paid", within: .seconds(120), every: .milliseconds(50)) {
            let read: Order = try await self.read("/orders/\(order.resource.id)", by: token)
            return read.status == "paid"
        }
    }

    // MARK: Requests

    private static let patience = Duration.seconds(120)

    private func ask<Answer: Decodable>(_ request: HTTPRequest, expecting status: Int) async throws -> Answer {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let reason: String
            switch await self.send(request) {
            case .success(let response) where response.status == status: return try JSON.decode(from: response.body)
            case .success(let response) where response.status == 503: reason = try JSON.decode(Refusal.self, from: response.body).code
            case .success(let response):
                throw FixtureError("\(request.url): \(response.status) \(String(decoding: response.body.prefix(1000), as: UTF8.self))")
            case .failure: reason = "no answer"
            }
            self.counts.withLock { $0[reason, default: 0] += 1 }
            guard ContinuousClock.now < deadline else { throw FixtureError("\(request.url): \(reason) for \(Self.patience)") }
            // A frontend's wait before a repetition, though shorter than Retry-After.
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func send(_ request: HTTPRequest) async -> Result<HTTPResponse, TransferError> {
        do throws(TransferError) { return .success(try await self.client.send(request)) } catch { return .failure(error) }
    }
}

/// The body of an order.
struct NewOrder: Encodable {
    var items: [OrderLine]
    var shippingAddress: Address

    enum CodingKeys: String, CodingKey {
        case items
        case shippingAddress = "shipping_address"
    }
}

/// The answer to a write.
struct Accepted: Decodable, Sendable {
    struct Resource: Decodable, Sendable {
        var id: String
    }
    var operationID: String
    var resource: Resource

    enum CodingKeys: String, CodingKey {
        case operationID = "operation_id"
        case resource
    }
}

/// The state of a write.
struct Operation: Decodable, Sendable {
    struct Result: Decodable, Sendable {
        var paymentIntentID: String?

        enum CodingKeys: String, CodingKey {
            case paymentIntentID = "payment_intent_id"
        }
    }
    struct Problem: Decodable, Sendable {
        var code: String
    }
    var status: String
    var result: Result?
    var problem: Problem?
}

/// An order as its customer sees it.
struct Order: Decodable, Sendable {
    var status: String
}

/// A problem document.
private struct Refusal: Decodable {
    var code: String
}
