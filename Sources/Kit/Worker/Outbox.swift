import Logging
import RabbitMQ
import Shop

/// The deliveries' connection is gone, or the worker must end now: the messages come again.
struct Abandoned: Error {}

/// Publishes what handlers emit, and does not give up: only a confirmed message counts.
struct Outbox: Sendable {
    let publisher: Publisher
    let appID: String
    let logger: Logger

    /// Publishes what a batch emitted, and what those of its messages emitted that were handled before.
    func publish(_ rows: [Inbox.Row], _ known: [ID: Inbox.Known], of items: [Processor.Item], handledAt: Int64, _ run: Processor.Run) async throws {
        var outgoing: [Outgoing] = []
        for row in rows { self.append(row.emitted, of: row.envelope, sentAt: handledAt, to: &outgoing) }
        for item in items {
            guard let known = known[item.envelope.messageID] else { continue }
            self.append(known.emitted, of: item.envelope, sentAt: known.handledAt, to: &outgoing)
        }
        if let hint = try self.hint(rows, handledAt: handledAt) { outgoing.append(hint) }
        try await self.publish(outgoing, run)
    }

    /// Publishes these and returns when the broker has confirmed all of them; waits while it is away, blocked or full.
    func publish(_ outgoing: [Outgoing], _ run: Processor.Run) async throws(Abandoned) {
        var left = outgoing
        var backoff = Backoff()
        while !left.isEmpty {
            let failures = await self.publisher.publishMeasured(left)
            var failed: [Outgoing] = []
            var reason: PublishFailure?
            for (message, failure) in zip(left, failures) {
                // A hint may be lost: what it says can be read in Postgres.
                guard let failure, message.properties.persistent else { continue }
                failed.append(message)
                reason = failure
            }
            left = failed
            guard let reason else { return }
            self.logger.warning("\(failed.count) messages are not published (\(reason)), again soon", metadata: ["key": "\(failed[0].routingKey)"])
            try await run.pause(&backoff)
        }
    }

    private func append(_ emitted: [Inbox.Emission], of envelope: Envelope, sentAt: Int64, to outgoing: inout [Outgoing]) {
        for (position, emission) in emitted.enumerated() {
            let next = envelope.emitted(type: emission.type, schema: emission.schema, at: position, sentAt: sentAt)
            outgoing.append(
                Outgoing(
                    exchange: emission.exchange, routingKey: emission.type, mandatory: emission.exchange == "commands",
                    properties: next.properties(appID: self.appID), body: emission.payload))
        }
    }

    /// One transient message for the whole commit: the operations that it finished and the resources that it changed.
    private func hint(_ rows: [Inbox.Row], handledAt: Int64) throws -> Outgoing? {
        var operations: [OperationFinished.Operation] = []
        var changed: [String: Set<ID>] = [:]
        for row in rows {
            if row.decides {
                operations.append(.init(id: row.envelope.correlationID, status: row.isRejected ? "rejected" : "succeeded"))
            }
            for resource in row.reply.changes { changed[resource.type, default: []].insert(resource.id) }
        }
        guard !operations.isEmpty || !changed.isEmpty else { return nil }
        let envelope = Envelope(
            messageID: .v7(milliseconds: UInt64(handledAt)), type: OperationFinished.type, actor: "system", sentAt: handledAt)
        return Outgoing(
            exchange: OperationFinished.exchange, routingKey: OperationFinished.type, mandatory: false,
            properties: envelope.properties(appID: self.appID, persistent: false),
            body: try JSON.encode(OperationFinished(operations: operations, changed: changed.mapValues(Array.init))))
    }
}

/// Waiting times that grow from 50 ms to 5 s, each drawn between half of the step and the whole.
struct Backoff: Sendable {
    private var step: Duration = .milliseconds(50)

    mutating func next() -> Duration {
        defer { self.step = min(self.step * 2, .seconds(5)) }
        return self.step * Double.random(in: 0.5...1)
    }
}
