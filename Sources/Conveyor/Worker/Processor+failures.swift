import Logging
import Postgres
import RabbitMQ

extension Processor {
    /// Sends a message to a retry queue: published and confirmed, before it may be acknowledged.
    /// - Parameter counts: whether the next try counts as another attempt.
    func retry(_ item: Item, after seconds: Int, _ errorType: ErrorType, _ error: String, counts: Bool, _ run: Run) async throws {
        let now = Clock.milliseconds()
        let error = error.bounded(to: Envelope.longestError)
        var envelope = item.envelope
        envelope.failure = Envelope.Failure(errorType: errorType.rawValue, error: error, firstAt: envelope.failure?.firstAt ?? now, lastAt: now)
        while await self.note(envelope, item.delivery.body, nextAt: now + Int64(seconds) * 1000) == .databaseIsAway {
            var backoff = Backoff()
            try await run.pause(&backoff)
        }
        if counts { envelope.attempt += 1 }
        let outgoing = Outgoing(
            exchange: "retry.\(seconds)", routingKey: self.queue, mandatory: true, properties: envelope.properties(appID: self.queue),
            body: item.delivery.body)
        for _ in try await self.outbox.publish([outgoing], run) {
            self.logger.critical("a retry cannot be encoded", metadata: self.ids(envelope, []))
        }
        Metrics.retries(queue: self.queue, type: envelope.type)
        Metrics.handled(queue: self.queue, type: envelope.type, outcome: "retried", count: 1)
        self.logger.warning("\(envelope.type) failed, again in \(seconds) s: \(error)", metadata: self.ids(item.envelope, item.delivery.body))
    }

    /// Sends a message to its dead letters, for the recorder. It always arrives: recording the attempt may fail, and headers that do not fit into a
    /// frame with those about the failure are shortened, then left out. The payload never changes.
    /// - Parameter envelope: nil if it could not be read; the recorder then generates an id.
    func deadLetter(_ delivery: Delivery, _ envelope: Envelope?, _ errorType: ErrorType, _ error: String, _ run: Run) async throws(Abandoned) {
        let now = Clock.milliseconds()
        let error = error.bounded(to: Envelope.longestError)
        let failure = Envelope.Failure(errorType: errorType.rawValue, error: error, firstAt: envelope?.failure?.firstAt ?? now, lastAt: now)
        var forms: [Properties]
        if var envelope {
            envelope.failure = failure
            _ = await self.note(envelope, delivery.body, nextAt: nil)
            forms = [envelope.properties(appID: delivery.properties.appID ?? self.queue)]
        } else {
            let forwarded = delivery.properties.forwarded
            forms = [forwarded, forwarded.cut(to: 1024, headers: 32)].map { $0.with(failure) }
        }
        forms.append(delivery.properties.bare.with(failure))
        guard try await self.send(delivery, to: "dead", as: forms, run) else {
            return try await self.giveBack([delivery], after: .seconds(60), run)
        }
        // An unknown type may be any text.
        let type = envelope?.type ?? "unknown"
        Metrics.deadLetters(queue: self.queue, type: type, errorType: errorType.rawValue)
        Metrics.handled(queue: self.queue, type: type, outcome: "dead", count: 1)
        self.logger.error(
            "\(type) is a dead letter, \(errorType.rawValue): \(error)", metadata: envelope.map { self.ids($0, delivery.body) } ?? [:])
        Sentry.report(.deadLetter(queue: self.queue, type: type, errorType: errorType.rawValue, error: error, envelope: envelope))
    }

    /// Returns messages unchanged, through a retry queue: the obstacle does not count as an attempt.
    /// - Parameter duration: the longest delay, unless the schedule's first step is longer; 30 s are long enough to cost nothing.
    func giveBack(_ deliveries: [Delivery], after duration: Duration, _ run: Run) async throws(Abandoned) {
        let seconds = self.ladder.step(upTo: min(30, Int(duration.components.seconds)))
        let exchange = "retry.\(seconds)"
        let outgoing = deliveries.map {
            Outgoing(exchange: exchange, routingKey: self.queue, mandatory: true, properties: $0.properties.forwarded, body: $0.body)
        }
        do {
            for message in try await self.outbox.publish(outgoing, run.withoutEnd) {
                var message = message
                message.properties = message.properties.cut(to: 1024, headers: 32)
                _ = try await self.outbox.publish([message], run.withoutEnd)
            }
        } catch {
            throw Abandoned()
        }
        self.logger.info("\(deliveries.count) messages are returned for \(seconds) s", metadata: ["queue": "\(self.queue)"])
    }

    /// Publishes a delivery elsewhere, in the first of these forms that AMQP can encode.
    /// - Returns: false if the exchange has refused it for so long that the delivery must leave.
    private func send(_ delivery: Delivery, to exchange: String, as forms: [Properties], _ run: Run) async throws(Abandoned) -> Bool {
        for properties in forms {
            let outgoing = Outgoing(exchange: exchange, routingKey: self.queue, mandatory: true, properties: properties, body: delivery.body)
            do {
                if try await self.outbox.publish([outgoing], run).isEmpty { return true }
            } catch is Overdue {
                return false
            } catch {
                throw Abandoned()
            }
        }
        self.logger.critical("a dead letter fits into no frame", metadata: ["queue": "\(self.queue)"])
        return false
    }

    private static let insertAttempt: Statement = """
        insert into attempts (message_id, correlation_id, subject_type, subject_id, next_at, attempt, queue, type, error_type, error)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """

    private enum Noting { case noted, databaseIsAway, failed }

    /// The state of an operation that waits for a retry, and a dead letter's history. If this fails, the message still goes its way.
    private func note(_ envelope: Envelope, _ body: [UInt8], nextAt: Int64?) async -> Noting {
        let subject = self.application.subject(of: envelope, body)
        do {
            try await self.pool.query(
                Self.insertAttempt, envelope.messageID, envelope.correlationID, subject?.type, subject?.id,
                nextAt.map { Clock.date(milliseconds: $0) }, Int16(clamping: envelope.attempt), self.queue, envelope.type,
                envelope.failure?.errorType ?? "", envelope.failure?.error ?? "", timeout: .seconds(5))
            return .noted
        } catch {
            self.logger.warning("an attempt was not recorded: \(error)", metadata: ["message_id": "\(envelope.messageID)"])
            return error.isAway ? .databaseIsAway : .failed
        }
    }

    /// One line per message while there are few, a sample while there are many.
    func report(_ committed: Committed) {
        let (rows, items, took) = (committed.rows, committed.items, committed.took)
        let (type, duplicates) = (items[0].envelope.type, committed.known.count)
        let now = Clock.milliseconds()
        var rejected = 0
        for row in rows {
            let delay = max(0, now - row.envelope.sentAt)
            Metrics.queueDelay(queue: self.queue, seconds: Double(delay) / 1000)
            if row.isRejected { rejected += 1 }
            self.successLog.log {
                // Few lines are written, so searching for the body only now costs nothing.
                let body = items.first { $0.envelope.messageID == row.envelope.messageID }?.delivery.body
                var metadata = self.ids(row.envelope, body ?? [])
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

    /// The ids of a message's chain, for a log line.
    func ids(_ envelope: Envelope, _ body: [UInt8]) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "message_id": .stringConvertible(envelope.messageID), "operation_id": .stringConvertible(envelope.correlationID),
            "type": .string(envelope.type),
        ]
        if let traceparent = envelope.traceparent { metadata["traceparent"] = .string(traceparent) }
        if let subject = self.application.subject(of: envelope, body) { metadata["\(subject.type)_id"] = .stringConvertible(subject.id) }
        if let userID = ID(envelope.actor) { metadata["user_id"] = .stringConvertible(userID) }
        return metadata
    }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int { Int(self.components.seconds) * 1_000_000 + Int(self.components.attoseconds / 1_000_000_000_000) }
    /// Seconds with their fraction.
    var seconds: Double { Double(self.microseconds) / 1_000_000 }
}
