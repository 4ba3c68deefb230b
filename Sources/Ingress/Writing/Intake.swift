import Conveyor
import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Postgres
import RabbitMQ
import Shop

/// Every write goes through here: it becomes one message, and is answered after the broker's confirm.
struct Intake: Sendable {
    private let publisher: Publisher
    private let operations: OperationReader
    private let fingerprints: Fingerprints
    private let sender = Sender()
    private let idempotency: IdempotencyStore
    private let loadShedding: LoadShedding

    init(publisher: Publisher, loadShedding: LoadShedding, operations: OperationReader, idempotency: IdempotencyStore, secrets: [String]) {
        self.publisher = publisher
        self.loadShedding = loadShedding
        self.operations = operations
        self.idempotency = idempotency
        self.fingerprints = Fingerprints(secrets: secrets)
    }

    /// The subject of an operation.
    enum Resource {
        /// The new resource, whose id is the message's.
        case new
        /// An existing resource.
        case existing(ID)
        /// A subject that must not be revealed.
        case none
    }

    /// Publishes a command and answers `202`, or with `Prefer: wait` the operation's result.
    /// - Parameters:
    ///   - body: the raw bytes, for the fingerprint.
    ///   - actor: the signed-in user; nil for an anonymous request.
    ///   - command: made for the message's id.
    ///   - secret: a new secret, sealed in the command; only this answer shows it.
    /// - Throws: `Problem`: `idempotency_key_reused`, or a failure to publish.
    func accept<Payload: Command>(
        _ command: Payload, _ kind: OperationKind, about resource: Resource, by actor: ID?, body: [UInt8], _ request: Request,
        _ context: IngressContext, secret: WebhookSecret? = nil
    ) async throws -> Response {
        let now = self.sender.now()
        let key = try IdempotencyKey(request)
        let messageID = try await self.messageID(key, actor: actor, body: body, request: request, now: now)
        let fingerprints = key == nil ? [] : self.fingerprints.all(of: body)
        var envelope = Envelope(
            messageID: messageID, type: Payload.type, actor: actor?.description ?? "anonymous", schema: command.version,
            traceparent: context.trace.traceparent, fingerprint: fingerprints.first, sentAt: now)
        if Payload.self is any OrderedCommand.Type { envelope.sender = self.sender.id }
        let resourceID: ID? =
            switch resource {
            case .new: messageID
            case .existing(let id): id
            case .none: nil
            }
        context.trace.note { noted in
            noted = .init(operationID: messageID, userID: actor, subject: kind.resourceType == .order ? resourceID.map(Subject.order) : nil)
        }
        var operation = OperationID(kind: kind, messageID: messageID, actor: actor, resource: resourceID)
        let outgoing = try Outgoing(command, envelope: envelope, appID: "ingress")
        // Subscribes before publishing: the operation may end before the confirm is read.
        // A client with too many waiting requests is answered at once: `Prefer` is only a preference (RFC 7240, section 2).
        var preference = Preference(request)
        let place = preference.flatMap { _ in self.operations.admit(.init(actor, context)) }
        if place == nil { preference = nil }
        let waiting = preference.map { _ in self.operations.feed.listen(to: messageID) }
        if let waiting { context.channel.onceClientLeaves { waiting.leave() } }
        defer {
            if let waiting {
                waiting.cancel()
                context.channel.onceClientLeaves(nil)
            }
            withExtendedLifetime(place) {}
        }
        if key != nil, actor != nil {
            operation.fingerprints = fingerprints.prefix(OperationID.mostFingerprints).compactMap { UInt64(fingerprint: $0) }
            try await self.publish(outgoing, messageID, fingerprints[0], body, context)
        } else {
            try await self.publish(outgoing, context)
        }
        guard let preference, let waiting else { return self.accepted(operation, secret) }
        let state = try await self.operations.wait(for: operation, upTo: .seconds(preference.seconds), waiting, mayHaveEnded: key != nil)
        var response = try self.answer(operation, state, request, context, secret)
        response.headers[.preferenceApplied] = preference.applied
        return response
    }

    /// Publishes a signed-in user's command with an idempotency key.
    /// - Throws: `Problem`: `idempotency_key_reused`, or a failure to publish.
    private func publish(_ outgoing: Outgoing, _ id: ID, _ fingerprint: String, _ body: [UInt8], _ context: IngressContext) async throws(Problem) {
        let claim = self.idempotency.claim(id, fingerprint)
        switch claim {
        case .new: self.operations.feed.share(key: id, fingerprint)
        case .repeated: break
        case .taken:
            // The other body may itself have been the wrong one, if another message was handled before. Postgres knows.
            switch await self.idempotency.settled(id) {
            case .with(let known) where self.fingerprints.isMade(known, of: body): self.idempotency.settle(id, fingerprint)
            case .with, .notYet: throw Problem.idempotencyKeyReused
            case .unknown:
                throw Problem(.databaseUnreachable, "The database did not answer which request this Idempotency-Key was first used for; try again.")
            }
        }
        // In parallel with publishing, since the key is nearly always new; a copy of a handled message has no effect.
        let handled = self.idempotency.look(for: id)
        do {
            try await self.publish(outgoing, context)
        } catch {
            // Unless the message may have reached a queue.
            if claim == .new, error.code != .notConfirmed { self.idempotency.withdraw(id, fingerprint) }
            throw error
        }
        if case .with(let known) = await handled.value, !self.fingerprints.isMade(known, of: body) {
            self.idempotency.settle(id, known)
            throw Problem.idempotencyKeyReused
        }
    }

    /// Publishes a message without an operation: a Stripe event.
    /// - Throws: `Problem`: a failure to publish.
    func publish(_ outgoing: Outgoing, _ context: IngressContext) async throws(Problem) {
        try self.loadShedding.check(outgoing.routingKey)
        do {
            try await context.trace.publishing(outgoing) { (message) async throws(PublishFailure) in
                try await self.publisher.publishMeasured(message)
            }
        } catch {
            throw Problem(error)
        }
    }

    private func messageID(_ key: IdempotencyKey?, actor: ID?, body: [UInt8], request: Request, now: Int64) async throws -> ID {
        guard let key else { return .v7(milliseconds: UInt64(now)) }
        if let actor { return key.messageID(actor: actor, request: request) }
        let ids = self.fingerprints.keys.map { key.messageID(body: body, request: request, secret: $0) }
        guard ids.count > 1 else { return ids[0] }
        // The secret may have been rotated between a request and its repetition.
        for id in ids { if case .with = await self.idempotency.look(for: id).value { return id } }
        return ids[0]
    }

    /// `202`.
    private func accepted(_ operation: OperationID, _ secret: WebhookSecret?) -> Response {
        let id = operation.text(key: self.operations.keys[0])
        let url = "/api/v1/operations/\(id)"
        var body = "{\"operation_id\":\"\(id)\",\"status\":\"pending\",\"status_url\":\"\(url)\",\"resource\":"
        // Our own ids and paths need no escaping.
        if let resource = operation.reference {
            body += "{\"type\":\"\(resource.type.rawValue)\",\"id\":\"\(resource.id)\",\"url\":\"\(resource.url)\"}"
        } else {
            body += "null"
        }
        if let secret { body += ",\"secret\":\"\(secret.text)\"" }
        body += "}"
        return .json(bytes: Array(body.utf8), status: .accepted, headers: [.location: url])
    }

    /// The answer to a waiting client: the operation's result, or `202` after the time limit.
    private func answer(_ operation: OperationID, _ state: OperationState, _ request: Request, _ context: IngressContext, _ secret: WebhookSecret?)
        throws -> Response
    {
        let id = operation.text(key: self.operations.keys[0])
        switch state.status {
        case .pending, .retrying: return self.accepted(operation, secret)
        case .rejected:
            let problem = state.problem ?? Problem(.internalError, "The operation was rejected.")
            return .problem(problem, request, context, operationID: id)
        case .succeeded, .failed:
            let status: HTTPResponse.Status = state.status == .failed ? .accepted : operation.kind.makesResource ? .created : .ok
            return try .json(
                OperationBody(operation, id: id, state, secret: secret), status: status, headers: [.location: "/api/v1/operations/\(id)"])
        }
    }
}

extension Problem {
    static let idempotencyKeyReused = Problem(.idempotencyKeyReused, "This Idempotency-Key was already used with a different request body.")

    /// The problem for a failure to publish.
    init(_ failure: PublishFailure) {
        switch failure {
        case .unreachable: self.init(.brokerUnreachable, "The message broker cannot be reached; nothing was accepted. Try again.")
        case .blocked: self.init(.brokerBlocked, "The message broker takes nothing at the moment; nothing was accepted. Try again.")
        case .unroutable: self.init(.unroutable, "No queue takes this; nothing was accepted. Try again later.")
        case .refused: self = .queueFull
        case .unencodable: self.init(.tooLarge, "The message does not fit into the broker's frames; nothing was accepted.")
        case .notConfirmed:
            self.init(.notConfirmed, "The message broker did not confirm in time. Try again with the same Idempotency-Key.")
        }
    }
}
