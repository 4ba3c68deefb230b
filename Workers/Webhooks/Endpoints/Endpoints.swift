import Conveyor
import Postgres
import Shop

/// Creates an endpoint.
struct CreateEndpoint: Handler {
    private static let insert: Statement = """
        insert into webhook_endpoints (id, url, events, is_active, description, secret) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing
        """

    let addresses: OutwardAddresses
    let bindings: EventBindings
    var policy: Policy { Policy(largestBatch: 1) }

    /// Binds the events before the endpoint exists, so that it misses none.
    func prepare(_ command: CreateWebhookEndpoint, _ envelope: Envelope) async throws -> Bool {
        try self.addresses.check(command.url)
        if command.isActive ?? true { try await self.bindings.want(command.events) }
        return true
    }

    func handle(_ batch: [Received<CreateWebhookEndpoint, Bool>], in transaction: Transaction) async throws -> [Reply] {
        let command = batch[0].payload
        transaction.enqueue(
            Self.insert, batch[0].envelope.messageID, command.url, command.events, command.isActive ?? true, command.description ?? "",
            command.sealedSecret)
        return [.done()]
    }
}

/// Changes the named fields of an endpoint, all of them or none. A command older than the last applied one is rejected.
struct UpdateEndpoint: Handler {
    private static let lock: Statement = "select changed from webhook_endpoints where id = $1 for update"
    /// Switching it on resets its failures.
    private static let update: Statement = """
        update webhook_endpoints set url = coalesce($2, url), events = coalesce($3, events), is_active = coalesce($4, is_active),
            description = coalesce($5, description), failing_since = case when $4 then null else failing_since end,
            off_reason = case when $4 then null else off_reason end, changed = $6, updated_at = now()
        where id = $1
        """

    let addresses: OutwardAddresses
    let bindings: EventBindings
    var policy: Policy { Policy(largestBatch: 1) }

    func prepare(_ command: UpdateWebhookEndpoint, _ envelope: Envelope) async throws -> Bool {
        if let url = command.url { try self.addresses.check(url) }
        if let events = command.events { try await self.bindings.want(events) }
        if command.isActive == true, command.events == nil { try await self.bindings.wantThose(of: command.endpointID) }
        return true
    }

    func handle(_ batch: [Received<UpdateWebhookEndpoint, Bool>], in transaction: Transaction) async throws -> [Reply] {
        let command = batch[0].payload
        let rows = try await transaction.pipeline([Call(Self.lock, command.endpointID), Acceptances.reading(batch.map(\.envelope))])
        guard let row = rows[0].first else { return [.rejected(.noEndpoint)] }
        var changes = try Changes(row[0, as: JSONText?.self])
        let parts =
            (command.url == nil ? [] : ["url"]) + (command.events == nil ? [] : ["events"]) + (command.isActive == nil ? [] : ["is_active"])
            + (command.description == nil ? [] : ["description"])
        do throws(Problem) {
            guard let acceptance = (try? Acceptances(rows[1]))?[batch[0].envelope] else { throw Problem(.internalError, "The times are unreadable.") }
            try changes.admit(acceptance, in: parts)
        } catch {
            return [.rejected(error)]
        }
        transaction.enqueue(
            Self.update, command.endpointID, command.url, command.events, command.isActive, command.description, try changes.json)
        return [.done()]
    }
}

/// Deletes an endpoint; its pending deliveries are not sent.
struct DeleteEndpoint: Handler {
    private static let delete: Statement = "delete from webhook_endpoints where id = any($1) returning id"

    func handle(_ batch: [Received<DeleteWebhookEndpoint, Void>], in transaction: Transaction) async throws -> [Reply] {
        let deleted = Set(try await transaction.query(Self.delete, batch.map(\.payload.endpointID)).decode(ID.self))
        return batch.map { deleted.contains($0.payload.endpointID) ? .done() : .rejected(.noEndpoint) }
    }
}

/// Replaces an endpoint's secret. The previous one also signs for a day, so that the partner has time to change it.
struct RotateSecret: Handler {
    private static let update: Statement = """
        update webhook_endpoints set previous_secret = secret, previous_until = now() + interval '24 hours', secret = $2, updated_at = now()
        where id = $1 returning id
        """
    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<RotateWebhookSecret, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(Self.update, batch[0].payload.endpointID, batch[0].payload.sealedSecret)
        return [rows.isEmpty ? .rejected(.noEndpoint) : .done()]
    }
}

/// Makes a delivery about the endpoint itself, also while it is switched off. Its id is the message's id.
struct Ping: Handler {
    static let type = "webhook.ping"

    private static let insert: Statement = """
        insert into webhook_deliveries (id, endpoint_id, event_id, correlation_id, type, subject_type, subject_id, event_at, retry_until, is_asked)
        select $2, e.id, $2, $2, $3, 'webhook_endpoint', e.id, now(), now() + $4 * interval '1 second', true
        from webhook_endpoints e where e.id = $1 on conflict (endpoint_id, event_id) do nothing returning id
        """
    let limits: DeliveryLimits
    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<PingWebhookEndpoint, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(
            Self.insert, batch[0].payload.endpointID, batch[0].envelope.messageID, Self.type, self.limits.retrySeconds)
        guard let id = try rows.decode(ID.self).first else { return [.rejected(.noEndpoint)] }
        return [.done(result: DeliveryResult(deliveryID: id))]
    }
}

/// Sends a delivered, failed or pending delivery again, also while the endpoint is switched off. A delivery that is being sent is not sent twice at the same
/// time.
struct Redeliver: Handler {
    private static let update: Statement = """
        update webhook_deliveries set status = 'pending', next_attempt_at = now(), failures = 0, is_asked = true,
            retry_until = now() + $3 * interval '1 second', updated_at = now()
        where id = $2 and endpoint_id = $1 returning id
        """
    let limits: DeliveryLimits
    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<RedeliverWebhook, Void>], in transaction: Transaction) async throws -> [Reply] {
        let command = batch[0].payload
        let rows = try await transaction.query(Self.update, command.endpointID, command.deliveryID, self.limits.retrySeconds)
        guard let id = try rows.decode(ID.self).first else { return [.rejected(Problem(.notFound, "There is no such delivery."))] }
        return [.done(result: DeliveryResult(deliveryID: id))]
    }
}

private struct DeliveryResult: Encodable, Sendable {
    let deliveryID: ID
    enum CodingKeys: String, CodingKey { case deliveryID = "delivery_id" }
}

/// Switches off an endpoint that only fails, and notifies the staff by e-mail. An endpoint stays on if a delivery has succeeded meanwhile, or if it was
/// switched on again.
struct SwitchOff: Handler {
    private static let update: Statement = """
        update webhook_endpoints set is_active = false, off_reason = $2, updated_at = now()
        where id = $1 and is_active and ($2 = 'gone' or failing_since <= now() - $3 * interval '1 second') returning url
        """
    /// `ADMIN_EMAIL`; no e-mail is sent if it is nil.
    let admin: String?
    let limits: DeliveryLimits
    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<SwitchOffWebhookEndpoint, Void>], in transaction: Transaction) async throws -> [Reply] {
        let command = batch[0].payload
        guard ["gone", "failing"].contains(command.reason) else { throw Poison(.invalidPayload, "there is no such reason") }
        let rows = try await transaction.query(Self.update, command.endpointID, command.reason, self.limits.offAfterSeconds)
        guard let url = try rows.decode(String.self).first, let admin else { return [.done()] }
        let notice = SendEmail(
            template: "webhook_off", subject: batch[0].envelope.messageID.description, to: admin,
            data: ["endpoint": url, "id": command.endpointID.description, "gone": command.reason == "gone" ? "1" : ""])
        return [.done(emits: [notice])]
    }
}

extension Problem {
    static let noEndpoint = Problem(.notFound, "There is no such endpoint.")
}

extension OutwardAddresses {
    /// - Throws: `Problem` `invalid` if the shop may not send to such a URL.
    func check(_ url: String) throws(Problem) {
        guard let refusal = self.refusal(of: url) else { return }
        throw Problem(.invalid, "The request has fields that are not valid.", errors: [.init(field: "url", message: refusal)])
    }
}

extension EventBindings {
    /// As ``want(_:)``, for an existing endpoint.
    func wantThose(of endpoint: ID) async throws {
        if let events = try await self.events(of: endpoint) { try await self.want(events) }
    }
}
