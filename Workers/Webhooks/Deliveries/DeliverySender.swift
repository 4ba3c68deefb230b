import FoundationEssentials
import Conveyor
import Postgres
import Resources
import Shop
import Transfer

/// Sends one delivery by Standard Webhooks (standardwebhooks.com).
struct DeliverySender: Sendable {
    private let http: HTTPClient
    private let pool: PostgresPool
    private let addresses: OutwardAddresses
    private let box: SecretBox
    private let currency: String

    /// - Throws: `SettingError`.
    init(settings: Settings, pool: PostgresPool, addresses: OutwardAddresses, box: SecretBox) throws {
        self.pool = pool
        self.addresses = addresses
        self.box = box
        self.currency = try settings.currency()
        do {
            self.http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
    }

    /// None of the endpoint's secrets can be opened: `SECRET_KEY` was changed, and the previous key removed too early.
    struct Unsealable: Error, CustomStringConvertible {
        let description = "the endpoint's secret cannot be opened by SECRET_KEY or SECRET_KEY_PREVIOUS: rotate it"
    }

    /// Sends it.
    /// - Throws: `PostgresError` or `CancellationError`; any behaviour of the endpoint is an outcome.
    func send(_ delivery: DueDelivery) async throws -> DeliveryOutcome {
        let (at, began) = (Date(), ContinuousClock.now)
        func milliseconds() -> Int { Int(((ContinuousClock.now - began) / .milliseconds(1)).rounded()) }
        let body = try await self.body(delivery)
        let secrets = delivery.secrets.compactMap { self.box.open($0) }.compactMap { WebhookSecret($0) }
        guard !secrets.isEmpty else { return DeliveryOutcome(error: Unsealable().description, milliseconds: milliseconds(), at: at) }
        let (id, timestamp) = (delivery.eventID.description, Clock.seconds())
        var request = HTTPRequest(
            .post, url: delivery.url,
            headers: [
                "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": String(timestamp),
                "webhook-signature": secrets.map { $0.signature(id: id, timestamp: timestamp, body: body) }.joined(separator: " "),
            ], body: body, connectTimeout: DeliveryLimits.timeout, timeout: DeliveryLimits.timeout, maximumResponseSize: DeliveryLimits.answerBytes)
        request.cutsResponse = true
        let addresses = self.addresses
        request.mayConnect = { addresses.allow($0) }
        do throws(TransferError) {
            let response = try await self.http.send(request)
            return DeliveryOutcome(
                status: response.status, body: Self.text(response.body), milliseconds: milliseconds(), at: at, retryAfter: response.headers.retryAfter
            )
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            return DeliveryOutcome(error: Self.text(Array("\(error)".utf8)), milliseconds: milliseconds(), at: at)
        }
    }

    /// The bytes as text that Postgres can store, without NUL.
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}") }

    /// `{id, type, created_at, data}`
    func body(_ delivery: DueDelivery) async throws -> [UInt8] {
        let data = try await self.data(delivery.subject)
        var body = Array(
            "{\"id\":\"\(delivery.eventID)\",\"type\":\"\(delivery.type)\",\"created_at\":\"\(Timestamp.string(delivery.eventAt))\",\"data\":".utf8)
        body += data
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// The resource as the API shows it to staff now; of a deleted one, only its id.
    private func data(_ subject: PublicSubject) async throws -> [UInt8] {
        switch subject.type {
        case "order": if let order = try await OrderBody.read(subject.id, in: self.pool) { return try JSON.encode(order) }
        case "product": if let product = try await ProductBody.read(subject.id, in: self.pool) { return try JSON.encode(product) }
        case "category": if let category = try await CategoryBody.read(subject.id, in: self.pool) { return try JSON.encode(category) }
        case "user": if let user = try await UserBody.read(subject.id, in: self.pool) { return try JSON.encode(user) }
        case "cart": return try JSON.encode(try await CartBody.read(of: subject.id, currency: self.currency, in: self.pool))
        case "webhook_endpoint": if let endpoint = try await WebhookEndpointBody.read(subject.id, in: self.pool) { return try JSON.encode(endpoint) }
        default: break
        }
        return Array("{\"id\":\"\(subject.id)\",\"deleted\":true}".utf8)
    }
}
