import Logging
import Postgres
import RabbitMQ
import Shop

extension Processor {
    /// Sends a message up the ladder: published, confirmed, and only then may it be acknowledged.
    func retry(_ item: Item, after seconds: Int, _ errorType: ErrorType, _ error: String, _ run: Run) async throws {
        let now = Clock.milliseconds()
        var envelope = item.envelope
        envelope.failure = Envelope.Failure(
            errorType: errorType.rawValue, error: Self.shortened(error), firstAt: envelope.failure?.firstAt ?? now, lastAt: now)
        try await self.noteAttempt(envelope, item.delivery.body, nextAt: now + Int64(seconds) * 1000, run)
        envelope.attempt += 1
        let outgoing = Outgoing(
            exchange: "retry.\(seconds)", routingKey: self.queue, mandatory: true, properties: envelope.properties(appID: self.queue),
            body: item.delivery.body)
        try await self.outbox.publish([outgoing], run)
        Metrics.retries(queue: self.queue, type: envelope.type)
        Metrics.handled(queue: self.queue, type: envelope.type, outcome: "retried", count: 1)
        self.logger.warning("\(envelope.type) failed, again in \(seconds) s: \(error)", metadata: Self.ids(item.envelope, item.delivery.body))
    }

    /// Parks a message where the recorder takes it from.
    /// - Parameter envelope: nil if it could not be read; the recorder then makes up an id.
    func deadLetter(_ delivery: Delivery, _ envelope: Envelope?, _ errorType: ErrorType, _ error: String, _ run: Run) async throws {
        let now = Clock.milliseconds()
        let type = envelope?.type ?? delivery.properties.type ?? ""
        var properties = delivery.properties
        if var envelope {
            envelope.failure = Envelope.Failure(
                errorType: errorType.rawValue, error: Self.shortened(error), firstAt: envelope.failure?.firstAt ?? now, lastAt: now)
            try await self.noteAttempt(envelope, delivery.body, nextAt: nil, run)
            properties = envelope.properties(appID: delivery.properties.appID ?? self.queue)
        } else {
            properties.persistent = true
            properties.headers["x-death"] = nil
            properties.headers[Header.errorType] = .string(errorType.rawValue)
            properties.headers[Header.error] = .string(Self.shortened(error))
            properties.headers[Header.firstFailedAt] = .int(now)
            properties.headers[Header.lastFailedAt] = .int(now)
        }
        let outgoing = Outgoing(exchange: "dead", routingKey: self.queue, mandatory: true, properties: properties, body: delivery.body)
        try await self.outbox.publish([outgoing], run)
        Metrics.deadLetters(queue: self.queue, type: type, errorType: errorType.rawValue)
        Metrics.handled(queue: self.queue, type: type, outcome: "dead", count: 1)
        self.logger.error(
            "\(type) is a dead letter, \(errorType.rawValue): \(error)", metadata: envelope.map { Self.ids($0, delivery.body) } ?? [:])
        Sentry.report(.deadLetter(queue: self.queue, type: type, errorType: errorType.rawValue, error: error, envelope: envelope))
    }

    private static let insertAttempt: Statement = """
        insert into attempts (message_id, correlation_id, order_id, next_at, attempt, queue, type, error_type, error)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """

    /// What an operation that waits for its next attempt shows, and a dead letter's history.
    private func noteAttempt(_ envelope: Envelope, _ body: [UInt8], nextAt: Int64?, _ run: Run) async throws {
        let orderID = envelope.orderID(body)
        try await self.whenReachable(run) { pool in
            try await pool.query(
                Self.insertAttempt, envelope.messageID, envelope.correlationID, orderID, nextAt.map { Clock.date(milliseconds: $0) },
                Int16(clamping: envelope.attempt), self.queue, envelope.type, envelope.failure?.errorType ?? "", envelope.failure?.error ?? "")
        }
    }

    /// Asks the database, again and again while it is away.
    @discardableResult
    func whenReachable<Value: Sendable>(_ run: Run, _ ask: (PostgresPool) async throws -> Value) async throws -> Value {
        var backoff = Backoff()
        while true {
            do {
                return try await ask(self.pool)
            } catch let error as PostgresError {
                guard error.isAway || error.isRetriable else { throw error }
                self.logger.warning("database away, waiting: \(error)")
                try await run.pause(&backoff)
            }
        }
    }

    /// One line a message while they are few, a sample of them while they are many.
    func report(_ rows: [Inbox.Row], of items: [Item], duplicates: Int, took: Duration) {
        let type = items[0].envelope.type
        let now = Clock.milliseconds()
        var rejected = 0
        for row in rows {
            let delay = row.envelope.sentAt.map { max(0, now - $0) } ?? 0
            Metrics.queueDelay(queue: self.queue, seconds: Double(delay) / 1000)
            if row.isRejected { rejected += 1 }
            self.successLog.log {
                // Few lines are written, so it costs nothing to look for its body only now.
                let body = items.first { $0.envelope.messageID == row.envelope.messageID }?.delivery.body
                var metadata = Self.ids(row.envelope, body ?? [])
                metadata["outcome"] = .string(row.isRejected ? "rejected" : "succeeded")
                metadata["attempt"] = .stringConvertible(row.envelope.attempt)
                metadata["ms"] = .stringConvertible(took.microseconds / 1000)
                metadata["queue_ms"] = .stringConvertible(delay)
                metadata["batch"] = .stringConvertible(rows.count)
                return ("\(type) handled", metadata)
            }
        }
        Metrics.handlerSeconds(queue: self.queue, type: type, seconds: took.seconds)
        Metrics.batchSize(queue: self.queue, size: rows.count)
        if rows.count > rejected { Metrics.handled(queue: self.queue, type: type, outcome: "succeeded", count: rows.count - rejected) }
        if rejected > 0 { Metrics.handled(queue: self.queue, type: type, outcome: "rejected", count: rejected) }
        if duplicates > 0 { Metrics.handled(queue: self.queue, type: type, outcome: "duplicate", count: duplicates) }
    }

    /// The ids of a message's chain, for a line of the log.
    static func ids(_ envelope: Envelope, _ body: [UInt8]) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "message_id": .stringConvertible(envelope.messageID), "operation_id": .stringConvertible(envelope.correlationID),
            "type": .string(envelope.type),
        ]
        if let traceparent = envelope.traceparent { metadata["traceparent"] = .string(traceparent) }
        if let orderID = envelope.orderID(body) { metadata["order_id"] = .stringConvertible(orderID) }
        if let userID = ID(envelope.actor) { metadata["user_id"] = .stringConvertible(userID) }
        return metadata
    }

    /// An error's text as a header carries it.
    static func shortened(_ error: String) -> String { error.utf8.count <= 2000 ? error : String(error.prefix(1000)) + " …" }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int { Int(self.components.seconds) * 1_000_000 + Int(self.components.attoseconds / 1_000_000_000_000) }
    /// Seconds with their fraction.
    var seconds: Double { Double(self.microseconds) / 1_000_000 }
}
