import Conveyor
import FoundationEssentials
import Hummingbird
import Postgres
import Resources
import Shop

/// Web push: the key for browsers' subscriptions, and the subscriptions of the signed-in user.
struct PushController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let pool: PostgresPool
    /// The key for new subscriptions; nil if web push is off.
    let publicKey: String?
    let addresses: OutwardAddresses

    func add(to routes: inout Routes) {
        routes.api(.get, "/push/public-key", self.key)
        routes.api(.post, "/push-subscriptions", self.subscribe)
        routes.api(.get, "/push-subscriptions", self.list)
        routes.api(.delete, "/push-subscriptions/{id}", self.unsubscribe)
    }

    private static let off = Problem(.notFound, "Web push is switched off in this shop.")
    private static let notFound = Problem(.notFound, "There is no such subscription.")

    private struct KeyBody: Encodable, Sendable {
        let publicKey: String

        enum CodingKeys: String, CodingKey {
            case publicKey = "public_key"
        }
    }

    @Sendable private func key(_ request: Request, _ context: IngressContext) async throws -> Response {
        guard let publicKey else { throw Self.off }
        return try .json(KeyBody(publicKey: publicKey))
    }

    /// The browser's `PushSubscription.toJSON()`.
    @Sendable private func subscribe(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let publicKey else { throw Self.off }
        let input = try await request.read { fields in
            let endpoint = fields.required("endpoint", .webURL)
            if let refusal = self.addresses.refusal(of: endpoint), fields.findings.errors.isEmpty { fields.refuse("endpoint", refusal) }
            let keys = fields.object("keys") { (p256dh: $0.required("p256dh", .pushKey), auth: $0.required("auth", .pushSecret)) }
            var expiry: Int64?
            for field in ["expirationTime", "expiration_time"] where expiry == nil {
                expiry = fields.optionalInstant(field)
                if let expiry, expiry <= Clock.milliseconds() { fields.refuse(field, "must be in the future") }
            }
            return SubscribePush(
                userID: user.id, endpoint: endpoint, p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "", expiresAt: expiry, publicKey: publicKey)
        }
        return try await self.intake.accept(
            input.value, .subscribePush, about: .existing(SubscribePush.id(of: input.value.endpoint)), by: user.id, body: input.bytes, request,
            context)
    }

    @Sendable private func unsubscribe(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        return try await self.intake.accept(
            UnsubscribePush(subscriptionID: id, userID: user.id), .unsubscribePush, about: .existing(id), by: user.id, body: [], request, context)
    }

    private static let ofUser: Statement = """
        select id, endpoint, public_key, expires_at, created_at, updated_at from push_subscriptions
        where user_id = $1 and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid)) order by created_at, id limit $4
        """

    /// Oldest first.
    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let query = try Query(request)
        let (limit, cursor) = (try query.limit(), try query.cursor())
        let time = try cursor?.time()
        let subscriptions = try await self.pool.reading { pool in
            try await pool.query(Self.ofUser, user.id, time, cursor?.id, Int64(limit + 1)).map(PushSubscriptionBody.init)
        }
        return try .page(Page(subscriptions, limit: limit) { Cursor($0.createdAt, $0.id) }, request)
    }
}

/// A subscription in the API: without its keys, which only the sender needs.
struct PushSubscriptionBody: Encodable, Sendable {
    let id: ID
    let endpoint: String
    /// The shop's key of that time.
    let publicKey: String
    let expirationTime: OrNull<Date>
    let createdAt: Date
    let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id, endpoint
        case publicKey = "public_key"
        case expirationTime = "expiration_time"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    init(_ row: Row) throws {
        self.id = try row[0]
        self.endpoint = try row[1]
        self.publicKey = try row[2]
        self.expirationTime = OrNull(try row[3, as: Date?.self])
        self.createdAt = try row[4]
        self.updatedAt = try row[5]
    }
}
