import FoundationEssentials
import Hummingbird
import Conveyor
import Postgres
import Resources
import Shop

/// The partners' endpoints and their deliveries, for the staff.
struct WebhookEndpointsController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let pool: PostgresPool
    let addresses: OutwardAddresses
    /// `SECRET_KEY`, then the previous keys.
    let secrets: [String]

    func add(to routes: inout Routes) {
        routes.api(.get, "/webhook-endpoints", self.list)
        routes.api(.post, "/webhook-endpoints", self.create)
        routes.api(.get, "/webhook-endpoints/{id}", self.get)
        routes.api(.patch, "/webhook-endpoints/{id}", self.update)
        routes.api(.delete, "/webhook-endpoints/{id}", self.delete)
        routes.api(.post, "/webhook-endpoints/{id}/rotate", self.rotate)
        routes.api(.post, "/webhook-endpoints/{id}/ping", self.ping)
        routes.api(.get, "/webhook-endpoints/{id}/deliveries", self.deliveries)
        routes.api(.post, "/webhook-endpoints/{id}/deliveries/{delivery_id}/redeliver", self.redeliver)
        routes.api(.get, "/webhook-deliveries/{id}", self.delivery)
    }

    private static let notFound = Problem(.notFound, "There is no such endpoint.")
    private static let noDelivery = Problem(.notFound, "There is no such delivery.")

    private func staff(_ request: Request, _ context: IngressContext) async throws -> (user: Authenticator.User, endpoint: ID) {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        return (user, id)
    }

    /// A new secret; a repeated request with the same idempotency key gets the same one.
    private func secret(_ user: Authenticator.User, _ request: Request) throws -> (shown: WebhookSecret, sealed: String) {
        let key = try IdempotencyKey(request)
        let secret = key.map { WebhookSecret(of: $0.messageID(actor: user.id, request: request), key: self.secrets[0]) } ?? WebhookSecret()
        return (secret, try SecretBox(secrets: self.secrets).seal(secret.text))
    }

    private func url(_ fields: Fields, _ url: String?) -> String? {
        guard let url, !url.isEmpty else { return url }
        if let refusal = self.addresses.refusal(of: url) { fields.refuse("url", refusal) }
        return url
    }

    private func events(_ fields: Fields) -> [String]? {
        let events = fields.optionalList("events", upTo: 50, .eventPattern)
        if events?.isEmpty == true, !fields.findings.errors.contains(where: { $0.field.hasPrefix("events") }) {
            fields.refuse("events", "must have 1 to 50 elements")
        }
        return events
    }

    @Sendable private func create(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let (secret, sealed) = try self.secret(user, request)
        let input = try await request.read { fields in
            fields.refuseNull("is_active")
            let events = self.events(fields)
            if !fields.has("events") || fields.isNull("events") { fields.refuse("events", "is required") }
            return CreateWebhookEndpoint(
                url: self.url(fields, fields.required("url", .webURL)) ?? "", events: events ?? [], isActive: fields.optionalBool("is_active"),
                description: fields.optional("description", .reason), sealedSecret: sealed)
        }
        return try await self.intake.accept(
            input.value, .createWebhookEndpoint, about: .new, by: user.id, body: input.bytes, request, context, secret: secret)
    }

    @Sendable private func update(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (user, id) = try await self.staff(request, context)
        let input = try await request.read { fields in
            fields.refuseNull("url", "events", "is_active", "description")
            return UpdateWebhookEndpoint(
                endpointID: id, url: self.url(fields, fields.optional("url", .webURL)), events: self.events(fields),
                isActive: fields.optionalBool("is_active"), description: fields.optional("description", .reason))
        }
        return try await self.intake.accept(
            input.value, .updateWebhookEndpoint, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func delete(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (user, id) = try await self.staff(request, context)
        return try await self.intake.accept(
            DeleteWebhookEndpoint(endpointID: id), .deleteWebhookEndpoint, about: .existing(id), by: user.id, body: [], request, context)
    }

    @Sendable private func rotate(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (user, id) = try await self.staff(request, context)
        let (secret, sealed) = try self.secret(user, request)
        return try await self.intake.accept(
            RotateWebhookSecret(endpointID: id, sealedSecret: sealed), .rotateWebhookSecret, about: .existing(id), by: user.id, body: [], request,
            context, secret: secret)
    }

    @Sendable private func ping(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (user, id) = try await self.staff(request, context)
        return try await self.intake.accept(
            PingWebhookEndpoint(endpointID: id), .pingWebhookEndpoint, about: .new, by: user.id, body: [], request, context)
    }

    @Sendable private func redeliver(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (user, id) = try await self.staff(request, context)
        guard let delivery = ID(context.parameter("delivery_id")) else { throw Self.noDelivery }
        return try await self.intake.accept(
            RedeliverWebhook(endpointID: id, deliveryID: delivery), .redeliverWebhook, about: .existing(delivery), by: user.id, body: [],
            request, context)
    }

    // MARK: Reading

    private static let page = Statement(
        """
        select \(WebhookEndpointBody.columns) from webhook_endpoints where $1::timestamptz is null or (created_at, id) < ($1, $2::uuid)
        order by created_at desc, id desc limit $3
        """)

    /// Newest first.
    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        _ = try await self.authenticator.superuser(request)
        let query = try Query(request)
        let (limit, cursor) = (try query.limit(), try query.cursor())
        let time = try cursor?.time()
        let endpoints = try await self.pool.reading { pool in
            try await pool.query(Self.page, time, cursor?.id, Int64(limit + 1)).map(WebhookEndpointBody.init)
        }
        return try .page(Page(endpoints, limit: limit) { Cursor($0.createdAt, $0.id) }, request)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (_, id) = try await self.staff(request, context)
        guard let endpoint = try await self.pool.reading({ pool in try await WebhookEndpointBody.read(id, in: pool) }) else { throw Self.notFound }
        return try .json(endpoint)
    }

    private static let exists: Statement = "select from webhook_endpoints where id = $1"
    private static let deliveryPage = Statement(
        """
        select \(WebhookDeliveryBody.columns) from webhook_deliveries
        where endpoint_id = $1 and ($2::text is null or status = $2) and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
        order by created_at desc, id desc limit $5
        """)
    private static let oneDelivery = Statement("select \(WebhookDeliveryBody.columns) from webhook_deliveries where id = $1")

    @Sendable private func delivery(_ request: Request, _ context: IngressContext) async throws -> Response {
        _ = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.noDelivery }
        let rows = try await self.pool.reading { pool in try await pool.query(Self.oneDelivery, id) }
        guard let row = rows.first else { throw Self.noDelivery }
        return try .json(WebhookDeliveryBody(row))
    }

    /// Newest first.
    @Sendable private func deliveries(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (_, id) = try await self.staff(request, context)
        let query = try Query(request)
        let (limit, cursor) = (try query.limit(), try query.cursor())
        let status = try query.oneOf("status", ["pending", "delivered", "failed"])
        let time = try cursor?.time()
        let results = try await self.pool.reading { pool in
            try await pool.pipeline([Call(Self.exists, id), Call(Self.deliveryPage, id, status, time, cursor?.id, Int64(limit + 1))])
        }
        guard !results[0].isEmpty else { throw Self.notFound }
        return try .page(Page(try results[1].map(WebhookDeliveryBody.init), limit: limit) { Cursor($0.createdAt, $0.id) }, request)
    }
}

/// A delivery in the API.
struct WebhookDeliveryBody: Encodable, Sendable {
    /// The endpoint's last answer.
    struct Answer: Encodable, Sendable {
        let status: Int
        let body: String
        let ms: Int
    }

    let id: ID
    let endpointID: ID
    let eventID: ID
    let type: String
    let status: String
    let attempts: Int
    /// Null if there was no answer yet.
    let answer: OrNull<Answer>
    /// The error of the last attempt, if it got no answer.
    let error: OrNull<String>
    let nextAttemptAt: OrNull<Date>
    let createdAt: Date
    let updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id
        case endpointID = "endpoint_id"
        case eventID = "event_id"
        case type, status, attempts, answer, error
        case nextAttemptAt = "next_attempt_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// The columns of `webhook_deliveries` that ``init(_:)`` reads.
    static let columns =
        "id, endpoint_id, event_id, type, status, attempts, answer_status, answer_body, answer_ms, error, next_attempt_at, created_at, updated_at"

    init(_ row: Row) throws {
        self.id = try row[0]
        self.endpointID = try row[1]
        self.eventID = try row[2]
        self.type = try row[3]
        self.status = try row[4]
        self.attempts = Int(try row[5, as: Int32.self])
        self.answer = OrNull(
            try row[6, as: Int32?.self].map { status in
                Answer(status: Int(status), body: try row[7, as: String?.self] ?? "", ms: Int(try row[8, as: Int32?.self] ?? 0))
            })
        self.error = OrNull(try row[9, as: String?.self])
        self.nextAttemptAt = OrNull(try row[10, as: Date?.self])
        self.createdAt = try row[11]
        self.updatedAt = try row[12]
    }
}
