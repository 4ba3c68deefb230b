import Conveyor
import Crypto
import FoundationEssentials
import Postgres
import Shop
import Tracing
import Transfer

/// Sends one event to one browser through its push service (RFC 8030), and ends subscriptions that the service no longer knows.
struct PushSender: Handler {
    /// The result of sending.
    enum Ending: Sendable {
        case sent(Call)
        /// The subscription has ended.
        case gone(Call)
        /// No subscription, or nothing to send.
        case nothing

        /// For the trace.
        struct Call: Sendable {
            var at: Date
            var microseconds: Int
            var outcome: String
        }
    }

    private let http: HTTPClient
    private let pool: PostgresPool
    private let addresses: OutwardAddresses
    private let keys: [String: VAPIDKey]
    private let subject: String
    private let shopURL: String

    /// The time for which a push service stores a message for an offline device: a day, in seconds.
    private static let lifetime = 86_400
    private static let timeout = Duration.seconds(10)
    /// The lifetime of a VAPID token; RFC 8292 allows a day.
    private static let authorizationSeconds: Int64 = 6 * 3600

    /// Many at the same time: a slow push service must not delay the others.
    var policy: Policy { Policy(largestBatch: 32, timeLimit: .seconds(30)) }

    /// nil unless `VAPID_PRIVATE_KEY` is set.
    /// - Throws: `SettingError` for a missing or wrong setting.
    init?(settings: Settings, pool: PostgresPool) throws {
        let keys = try settings.vapidKeys()
        guard !keys.isEmpty else { return nil }
        self.keys = Dictionary(keys.map { ($0.publicKey, $0) }) { first, _ in first }
        self.subject = try settings.vapidSubject()
        self.shopURL = try settings.webAddress("SHOP_URL")
        self.addresses = try OutwardAddresses(settings)
        self.pool = pool
        do {
            self.http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
    }

    private static let read: Statement = """
        select s.endpoint, s.p256dh, s.auth, s.public_key, o.number, case when $3 then o.amount_refunded else o.total_amount end, o.currency, o.carrier,
               o.status, s.expires_at is null or s.expires_at > now()
        from push_subscriptions s join users u on u.id = s.user_id and u.wants_push and u.is_active
        join orders o on o.id = $2 and o.user_id = u.id
        where s.id = $1
        """

    func prepare(_ command: SendPush, _ envelope: Envelope) async throws -> Ending {
        let rows = try await self.pool.query(Self.read, command.subscriptionID, command.orderID, command.event == PaymentRefunded.type)
        // Unsubscribed, disabled, erased, or transferred to another user by now.
        guard let row = rows.first else { return .nothing }
        let (endpoint, p256dh, auth, publicKey) = try row.decode((String, String, String, String).self)
        let call = Ending.Call(at: Date(), microseconds: 0, outcome: "")
        guard let key = self.keys[publicKey], try row[9, as: Bool.self] else {
            // The key of the subscription is gone, or it has expired.
            return .gone(.init(at: call.at, microseconds: 0, outcome: "not sent"))
        }
        if command.event == PaymentFailed.type, try row[8, as: String.self] != OrderStatus.awaitingPayment.rawValue { return .nothing }
        guard
            let note = PushNote(
                event: command.event, order: command.orderID, number: try row[4], amount: Money(try row[5], try row[6]), carrier: try row[7],
                shopURL: self.shopURL)
        else { throw Poison(.invalidPayload, "browsers get no notification of \(command.event)") }
        let request = try self.request(note, command, to: endpoint, p256dh: p256dh, auth: auth, key: key)
        return try await self.deliver(request, command)
    }

    private func request(_ note: PushNote, _ command: SendPush, to endpoint: String, p256dh: String, auth: String, key: VAPIDKey) throws
        -> HTTPRequest
    {
        guard let bytes = Base64URL.decode(p256dh.utf8), let secret = Base64URL.decode(auth.utf8) else {
            throw Poison(.invalidPayload, "the subscription's keys are not base64url")
        }
        let browser = try P256.KeyAgreement.PublicKey(x963Representation: bytes)
        var random = SystemRandomNumberGenerator()
        let body = try PushEncryption.encrypt(
            JSON.encode(note), for: (browser, secret), by: P256.KeyAgreement.PrivateKey(),
            salt: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        guard let origin = Self.origin(of: endpoint) else { throw Poison(.invalidPayload, "the subscription's endpoint is not a URL") }
        var request = HTTPRequest(
            .post, url: endpoint,
            headers: [
                "Authorization": try key.authorization(
                    audience: origin, expiresAt: Clock.seconds() + Self.authorizationSeconds, subject: self.subject),
                "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": String(Self.lifetime),
                "Urgency": PushNote.urgency(of: command.event).rawValue, "Topic": PushNote.topic(of: command.orderID),
            ], body: body, timeout: Self.timeout, maximumResponseSize: 64 << 10)
        request.cutsResponse = true
        let addresses = self.addresses
        request.mayConnect = { addresses.allow($0) }
        return request
    }

    private func deliver(_ request: HTTPRequest, _ command: SendPush) async throws -> Ending {
        let (at, started) = (Date(), ContinuousClock.now)
        func count(_ outcome: String) {
            Metrics.call(kind: "push", name: command.event, outcome: outcome, seconds: (ContinuousClock.now - started) / .seconds(1))
        }
        let response = try await withSpan("push \(command.event)", ofKind: .client) { _ in
            do throws(TransferError) {
                return try await self.http.send(request)
            } catch {
                if error.code == .cancelled { throw CancellationError() }
                guard error.isRetriable, error.code != .addressForbidden else {
                    count("refused")
                    throw Poison(.refusedByPush, "push service: \(error)")
                }
                count("failed")
                throw Transient("push service: \(error)")
            }
        }
        let took = (ContinuousClock.now - started).components
        let call = Ending.Call(
            at: at, microseconds: Int(took.seconds) * 1_000_000 + Int(took.attoseconds / 1_000_000_000_000), outcome: "\(response.status)")
        switch response.status {
        case 200..<300:
            count("succeeded")
            return .sent(call)
        case 404, 410:
            count("gone")
            return .gone(call)
        case 408, 425, 429, 500...:
            count("failed")
            throw Transient("push service: \(response.status)", retryAfter: response.headers.retryAfter)
        default:
            count("refused")
            throw Poison(.refusedByPush, "push service: \(response.status)")
        }
    }

    /// `https://push.example:8443`
    private static func origin(of url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let host = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        return host.isEmpty ? nil : url[..<scheme.upperBound] + host.lowercased()
    }

    func handle(_ batch: [Received<SendPush, Ending>], in transaction: Transaction) async throws -> [Reply] {
        var calls: [(Envelope, Ending.Call, String)] = []
        let replies = batch.map { message -> Reply in
            switch message.prepared {
            case .nothing: return .done()
            case .sent(let call):
                calls.append((message.envelope, call, message.payload.event))
                return .done()
            case .gone(let call):
                calls.append((message.envelope, call, message.payload.event))
                return .done(emits: [UnsubscribePush(subscriptionID: message.payload.subscriptionID)])
            }
        }
        if !calls.isEmpty {
            transaction.enqueue(
                NotifyLimits.insertCalls, calls.map(\.0.messageID), calls.map(\.0.correlationID), calls.map(\.1.at),
                calls.map { Int32(clamping: $0.1.microseconds) }, calls.map { _ in "push" }, calls.map(\.2), calls.map(\.1.outcome))
        }
        return replies
    }
}
