import Logging
import RabbitMQ

/// Publishes the messages that handlers emit, and retries until each is confirmed.
struct Outbox: Sendable {
    let publisher: Publisher
    let appID: String
    let logger: Logger
    let audience: Audience

    /// The longest time that a message waits for a full queue before the message that emitted it is returned. A longer wait could block both
    /// workers: this one's queue would not shrink, and the other queue's worker may be waiting for exactly that.
    private static let patience = Duration.seconds(10)

    /// Publishes the messages that a batch emitted, and those of its messages that were handled before.
    /// - Throws: `Abandoned`, `Overdue`.
    func publish(_ committed: Processor.Committed, _ run: Run) async throws {
        var outgoing: [Outgoing] = []
        for row in committed.rows { self.append(row.emitted, of: row.envelope, sentAt: committed.handledAt, to: &outgoing) }
        if !committed.known.isEmpty {
            for item in committed.items {
                guard let known = committed.known[item.envelope.messageID] else { continue }
                self.append(known.emitted, of: item.envelope, sentAt: known.handledAt, to: &outgoing)
            }
        }
        if let hint = self.hint(committed.rows) { outgoing.append(hint) }
        for message in try await self.publish(outgoing, run) {
            // Our own messages always fit, since envelopes are bounded. It is in the inbox, where `conveyor verify` finds it.
            self.logger.critical("a message cannot be encoded and is not published", metadata: ["key": "\(message.routingKey)"])
        }
    }

    /// Publishes messages and returns when the broker has confirmed all of them; waits while it is away, blocked or full.
    /// - Returns: those that cannot be encoded.
    /// - Throws: `Abandoned`, `Overdue`.
    func publish(_ outgoing: [Outgoing], _ run: Run) async throws -> [Outgoing] {
        var left = outgoing
        var unencodable: [Outgoing] = []
        var backoff = Backoff()
        var refusedSince: ContinuousClock.Instant?
        while !left.isEmpty {
            let failures = await self.publisher.publishMeasured(left)
            var failed: [Outgoing] = []
            var reason: PublishFailure?
            for (message, failure) in zip(left, failures) {
                guard let failure else { continue }
                switch failure {
                case .unencodable: unencodable.append(message)
                case .unroutable where !self.audience.isRequired(exchange: message.exchange, type: message.routingKey):
                    self.audience.heardNothing(message.routingKey)
                // A hint may be lost: Postgres contains the same.
                case _ where !message.properties.persistent: break
                default:
                    failed.append(message)
                    reason = failure
                }
            }
            left = failed
            guard let reason else { break }
            self.logger.warning("\(failed.count) messages are not published (\(reason)), again soon", metadata: ["key": "\(failed[0].routingKey)"])
            if reason == .refused {
                let since = refusedSince ?? .now
                refusedSince = since
                if run.until != nil, since + Self.patience <= .now { throw Overdue() }
            }
            try await run.pause(&backoff)
        }
        return unencodable
    }

    private func append(_ emitted: [Inbox.Emission], of envelope: Envelope, sentAt: Int64, to outgoing: inout [Outgoing]) {
        for (position, emission) in emitted.enumerated() {
            guard self.audience.isRequired(exchange: emission.exchange, type: emission.type) || self.audience.mayHear(emission.type) else { continue }
            let next = envelope.emitted(type: emission.type, schema: emission.schema, at: position, sentAt: sentAt)
            // Mandatory even for optional events, so that the broker returns those without a queue.
            outgoing.append(
                Outgoing(
                    exchange: emission.exchange, routingKey: emission.type, mandatory: true, properties: next.properties(appID: self.appID),
                    body: emission.payload))
        }
    }

    /// One transient message for the whole commit, without an envelope: the finished operations and the changed resources.
    private func hint(_ rows: [Inbox.Row]) -> Outgoing? {
        var operations: [OperationFinished.Operation] = []
        var changed: [String: Set<ID>] = [:]
        for row in rows {
            if row.decides {
                operations.append(.init(id: row.envelope.correlationID, status: row.isRejected ? "rejected" : "succeeded"))
            }
            for resource in row.reply.changes { changed[resource.type, default: []].insert(resource.id) }
        }
        guard !operations.isEmpty || !changed.isEmpty else { return nil }
        do {
            return Outgoing(
                exchange: OperationFinished.exchange, routingKey: OperationFinished.type, mandatory: false,
                properties: Properties(type: OperationFinished.type, persistent: false),
                body: try JSON.encode(OperationFinished(operations: operations, changed: changed.mapValues(Array.init))))
        } catch {
            self.logger.critical("a hint cannot be encoded: \(error)")
            return nil
        }
    }
}
