import FoundationEssentials
import Conveyor
import Postgres
import Shop

/// A due delivery.
struct DueDelivery: Sendable {
    let id: ID
    let endpointID: ID
    let url: String
    /// The sealed secrets: the present one, then the previous one while it still signs.
    let secrets: [String]
    let eventID: ID
    let correlationID: ID
    let type: String
    let subject: PublicSubject
    let eventAt: Date
    /// The number of earlier attempts, and of failures since it was last requested.
    let attempts: Int
    let failures: Int
}

/// The result of an attempt.
struct DeliveryOutcome: Sendable {
    /// Nil if there was no answer.
    var status: Int?
    var body: String?
    var error: String?
    var milliseconds: Int
    var at: Date
    /// The endpoint's `Retry-After`.
    var retryAfter: Duration?

    var isDelivered: Bool { self.status.map { 200..<300 ~= $0 } ?? false }
}

/// The deliveries in Postgres. A process owns a claimed delivery until the end of its lease.
struct DeliveryStore: Sendable {
    let pool: PostgresPool
    let limits: DeliveryLimits

    /// Takes no more deliveries of an endpoint than it has free slots, so that one with thousands of hanging deliveries leaves room for the others.
    /// Deliveries that a person has requested go to switched-off endpoints too.
    private static let claim: Statement = """
        with free as (
            select e.id, case when e.failing_since is null then $2::int8 else $3::int8 end
                - (select count(*) from webhook_deliveries b where b.endpoint_id = e.id and b.lease_until > now()) as places,
                e.is_active
            from webhook_endpoints e
        ), due as (
            select d.id from free f cross join lateral (
                select d.id, d.next_attempt_at from webhook_deliveries d
                where d.endpoint_id = f.id and d.status = 'pending' and d.next_attempt_at <= now() and (d.lease_until is null or d.lease_until <= now())
                    and (f.is_active or d.is_asked)
                order by d.next_attempt_at, d.id limit greatest(f.places, 0) for update skip locked
            ) d
            order by d.next_attempt_at limit $1
        )
        update webhook_deliveries d set lease_until = now() + $4 * interval '1 second'
        from due, webhook_endpoints e where d.id = due.id and e.id = d.endpoint_id
        returning d.id, d.endpoint_id, e.url, e.secret, case when e.previous_until > now() then e.previous_secret end, d.event_id, d.correlation_id, d.type,
            d.subject_type, d.subject_id, d.event_at, d.attempts, d.failures
        """

    /// Claims due deliveries.
    func claim(upTo count: Int) async throws -> [DueDelivery] {
        let rows = try await self.pool.query(
            Self.claim, Int64(count), DeliveryLimits.perEndpoint, DeliveryLimits.perFailingEndpoint, DeliveryLimits.lease)
        return try rows.map { row in
            DueDelivery(
                id: try row[0], endpointID: try row[1], url: try row[2],
                secrets: [try row[3, as: String.self]] + [try row[4, as: String?.self]].compactMap { $0 },
                eventID: try row[5], correlationID: try row[6], type: try row[7], subject: PublicSubject(type: try row[8], id: try row[9]),
                eventAt: try row[10], attempts: Int(try row[11, as: Int32.self]), failures: Int(try row[12, as: Int32.self]))
        }
    }

    private static let delivered: Statement = """
        update webhook_deliveries set status = 'delivered', attempts = attempts + 1, answer_status = $2, answer_body = $3, answer_ms = $4, error = null,
            next_attempt_at = null, lease_until = null, updated_at = now()
        where id = $1 and status = 'pending'
        """
    /// Each success restarts the endpoint's time without failures.
    private static let works: Statement = """
        update webhook_endpoints set failing_since = null where id = $1 and failing_since is not null
        """
    private static let failed: Statement = """
        update webhook_deliveries set attempts = attempts + 1, failures = failures + 1, answer_status = $2, answer_body = $3, answer_ms = $4, error = $5,
            lease_until = null, updated_at = now(), status = case when $6 and now() + $7 * interval '1 second' <= retry_until then 'pending' else 'failed' end,
            next_attempt_at = case when $6 and now() + $7 * interval '1 second' <= retry_until then now() + $7 * interval '1 second' end
        where id = $1 and status = 'pending' returning status
        """
    private static let fails: Statement = """
        update webhook_endpoints set failing_since = coalesce(failing_since, now()) where id = $1
        returning failing_since <= now() - $2 * interval '1 second', is_active
        """
    private static let call: Statement = """
        insert into calls (message_id, correlation_id, at, took_us, kind, name, outcome) values ($1, $2, $3, $4, 'webhook', $5, $6)
        """

    /// Records a success.
    func delivered(_ delivery: DueDelivery, _ outcome: DeliveryOutcome) async throws {
        try await self.pool.transaction { transaction in
            transaction.enqueue(
                Self.delivered, delivery.id, outcome.status.map { Int32(clamping: $0) }, outcome.body, Int32(clamping: outcome.milliseconds))
            transaction.enqueue(Self.works, delivery.endpointID)
            Self.note(delivery, outcome, in: transaction)
        }
    }

    /// Records a failure and the time of the next attempt.
    /// - Parameters:
    ///   - seconds: until the next attempt.
    ///   - mayRetry: false if the endpoint is gone.
    func failed(_ delivery: DueDelivery, _ outcome: DeliveryOutcome, retryIn seconds: Int, mayRetry: Bool) async throws {
        try await self.pool.transaction { transaction in
            transaction.enqueue(
                Self.failed, delivery.id, outcome.status.map { Int32(clamping: $0) }, outcome.body, Int32(clamping: outcome.milliseconds),
                outcome.error,
                mayRetry, Double(seconds))
            Self.note(delivery, outcome, in: transaction)
        }
    }

    /// Records that an endpoint fails.
    /// - Returns: whether it has failed for so long that it must be switched off.
    func fails(_ endpoint: ID) async throws -> Bool {
        let rows = try await self.pool.query(Self.fails, endpoint, self.limits.offAfterSeconds)
        return try rows.decode((Bool, Bool).self).first.map { $0 && $1 } ?? false
    }

    /// For the trace.
    private static func note(_ delivery: DueDelivery, _ outcome: DeliveryOutcome, in transaction: Transaction) {
        transaction.enqueue(
            Self.call, delivery.eventID, delivery.correlationID, outcome.at,
            Int32(clamping: outcome.milliseconds.multipliedReportingOverflow(by: 1000).partialValue),
            "\(delivery.type) to \(delivery.endpointID)", outcome.status.map(String.init) ?? "no answer")
    }
}
