import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

/// Publishes emitted messages again that the books miss: from the inbox, which stores every emitted message until retention drops it.
///
/// A message goes to the one queue that lacks it, under its original id. So a copy that appears after all, or is in a queue that misses others,
/// is recognised and takes effect once.
struct Republisher: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool
    let publisher: Publisher
    /// `operator:<name>`
    let actor: String

    /// Messages per batch.
    private static let chunk = 500

    /// Recently emitted messages may be between commit and publishing, or be published again by a worker that was interrupted.
    private static let emitted: Statement = """
        select m.queue, i.message_id, i.correlation_id, i.handled_at, (e.ordinality - 1)::int8, e.value ->> 'type', (e.value ->> 'schema')::int,
               (e.value -> 'payload')::text
        from unnest($1::uuid[], $2::text[], $3::uuid[]) m(message_id, queue, correlation_id)
        join inbox i on i.correlation_id = m.correlation_id
        cross join json_array_elements(i.emitted) with ordinality e
        where i.handled_at < now() - interval '1 minute' and uuid_generate_v5(i.message_id, (e.ordinality - 1)::text) = m.message_id
        """

    /// - Returns: the number of published messages: those that the inbox knows, and that were emitted more than a minute ago.
    /// - Throws: `Unavailable` if the broker does not confirm them.
    func send(_ missing: [MessageBook.Missing]) async throws -> Int {
        var counts: [String: Int] = [:]
        for start in stride(from: 0, to: missing.count, by: Self.chunk) {
            let part = missing[start..<min(missing.count, start + Self.chunk)]
            let rows = try await self.pool.query(Self.emitted, part.map(\.messageID), part.map(\.queue), part.map(\.correlationID))
            // The inbox does not store the actor.
            let actors = try await self.application.verification.actors(try rows.map { try $0[1, as: ID.self] }, self.pool)
            let messages = try rows.map { row in
                counts[try row[0, as: String.self], default: 0] += 1
                return try self.message(row, by: actors)
            }
            if let failure = await self.publisher.publish(messages).compactMap({ $0 }).first {
                throw Unavailable("broker: not all that is missing was taken (\(failure)); try again")
            }
        }
        let (acts, actor) = (counts, self.actor)
        if !acts.isEmpty {
            try await self.pool.transaction { transaction in
                try await transaction.actAsRecorder()
                for (queue, count) in acts.sorted(by: { $0.key < $1.key }) {
                    transaction.note("republish", of: queue, by: actor, reason: Quantity.count(count, "message"))
                }
            }
        }
        return counts.values.reduce(0, +)
    }

    private func message(_ row: Row, by actors: [ID: String]) throws -> Outgoing {
        let handledAt = Clock.milliseconds(try row[3, as: Date.self])
        let cause = try row[1, as: ID.self]
        var envelope = Envelope(messageID: cause, type: "", actor: actors[cause] ?? "system", sentAt: handledAt)
        envelope.correlationID = try row[2]
        let next = envelope.emitted(
            type: try row[5], schema: Int(try row[6, as: Int32.self]), at: Int(try row[4, as: Int64.self]), sentAt: handledAt)
        return Outgoing(
            exchange: "", routingKey: try row[0], mandatory: true, properties: next.properties(appID: "conveyor"),
            body: Array(try row[7, as: String.self].utf8))
    }
}
