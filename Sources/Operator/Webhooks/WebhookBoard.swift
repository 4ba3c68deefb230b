import FoundationEssentials
import Conveyor
import ConveyorOperator
import Postgres
import RabbitMQ
import Shop

/// A partner's endpoint with the state of its deliveries.
struct WebhookEndpointStatus: Sendable, Encodable {
    var id: ID
    var url: String
    var events: [String]
    var isActive: Bool
    var description: String
    /// Of the last day.
    var delivered: Int64
    var failed: Int64
    var pending: Int64
    /// The time of the next attempt, while it waits for one.
    @ExplicitNull var oldestPendingAt: Date?
    @ExplicitNull var failingSince: Date?
    /// The reason if webhooks-worker has switched it off.
    @ExplicitNull var offReason: String?

    enum CodingKeys: String, CodingKey {
        case id, url, events
        case isActive = "is_active"
        case description, delivered, failed, pending
        case oldestPendingAt = "oldest_pending_at"
        case failingSince = "failing_since"
        case offReason = "off_reason"
    }
}

/// A delivery as operators see it.
struct WebhookDelivery: Sendable, Encodable {
    var id: ID
    var endpointID: ID
    var eventID: ID
    var type: String
    var status: String
    var attempts: Int32
    @ExplicitNull var answerStatus: Int32?
    @ExplicitNull var answerMilliseconds: Int32?
    @ExplicitNull var error: String?
    @ExplicitNull var nextAttemptAt: Date?
    var createdAt: Date
    var updatedAt: Date

    enum CodingKeys: String, CodingKey {
        case id
        case endpointID = "endpoint_id"
        case eventID = "event_id"
        case type, status, attempts
        case answerStatus = "answer_status"
        case answerMilliseconds = "answer_ms"
        case error
        case nextAttemptAt = "next_attempt_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// The partners' endpoints and deliveries, and the operators' actions on them.
struct WebhookBoard: Sendable {
    let pool: PostgresPool

    private static let endpoints: Statement = """
        select e.id, e.url, e.events, e.is_active, e.description, count(d.id) filter (where d.status = 'delivered'),
               count(d.id) filter (where d.status = 'failed'), count(d.id) filter (where d.status = 'pending'),
               min(d.created_at) filter (where d.status = 'pending'), e.failing_since, e.off_reason
        from webhook_endpoints e left join webhook_deliveries d
            on d.endpoint_id = e.id and (d.status = 'pending' or d.updated_at > now() - interval '1 day')
        group by e.id order by e.created_at, e.id
        """
    private static let deliveries: Statement = """
        select id, endpoint_id, event_id, type, status, attempts, answer_status, answer_ms, error, next_attempt_at, created_at, updated_at
        from webhook_deliveries where ($1::uuid is null or endpoint_id = $1) and ($2::text is null or status = $2)
        order by created_at desc, id desc limit $3
        """
    private static let endpointOf: Statement = "select endpoint_id from webhook_deliveries where id = $1"

    func endpoints() async throws -> [WebhookEndpointStatus] {
        try await self.pool.query(Self.endpoints).map { row in
            WebhookEndpointStatus(
                id: try row[0], url: try row[1], events: try row[2], isActive: try row[3], description: try row[4], delivered: try row[5],
                failed: try row[6], pending: try row[7], oldestPendingAt: try row[8], failingSince: try row[9], offReason: try row[10])
        }
    }

    /// Newest first.
    func deliveries(of endpoint: ID?, status: String?, limit: Int) async throws -> [WebhookDelivery] {
        try await self.pool.query(Self.deliveries, endpoint, status, Int64(limit)).map { row in
            WebhookDelivery(
                id: try row[0], endpointID: try row[1], eventID: try row[2], type: try row[3], status: try row[4], attempts: try row[5],
                answerStatus: try row[6], answerMilliseconds: try row[7], error: try row[8], nextAttemptAt: try row[9], createdAt: try row[10],
                updatedAt: try row[11])
        }
    }

    private static let exists: Statement = "select from webhook_endpoints where id = $1"

    private func requireEndpoint(_ id: ID) async throws {
        guard try await !self.pool.query(Self.exists, id).isEmpty else { throw NothingFound("no endpoint \(id)") }
    }

    /// An operator's action; each is a command to webhooks-worker.
    enum Change: Sendable {
        case redeliver, ping
        /// Gives the endpoint a new secret, sealed under `SECRET_KEY`.
        case rotate(sealedSecret: String)
    }

    /// - Parameter text: the id of a delivery to redeliver, otherwise of an endpoint.
    /// - Returns: the message's id.
    /// - Throws: `NothingFound`.
    func change(_ text: String, _ change: Change, by actor: String, publisher: Publisher) async throws -> ID {
        guard let id = ID(text) else { throw NothingFound("no endpoint or delivery \(text.onOneLine)") }
        let payload: [UInt8]
        let type: String
        switch change {
        case .ping:
            try await self.requireEndpoint(id)
            (type, payload) = (PingWebhookEndpoint.type, try JSON.encode(PingWebhookEndpoint(endpointID: id)))
        case .rotate(let sealedSecret):
            try await self.requireEndpoint(id)
            (type, payload) = (RotateWebhookSecret.type, try JSON.encode(RotateWebhookSecret(endpointID: id, sealedSecret: sealedSecret)))
        case .redeliver:
            guard let endpoint = try await self.pool.query(Self.endpointOf, id).decode(ID.self).first else { throw NothingFound("no delivery \(id)") }
            (type, payload) = (RedeliverWebhook.type, try JSON.encode(RedeliverWebhook(endpointID: endpoint, deliveryID: id)))
        }
        let draft = try MessageSender.Draft(type: type, payload: payload, by: .shop)
        return try await MessageSender(pool: self.pool, publisher: publisher).send(draft, delay: nil, by: actor)
    }
}
