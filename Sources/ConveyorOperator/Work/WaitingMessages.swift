import Conveyor
import FoundationEssentials
import Logging
import Postgres

/// A message that waits in a queue, or for its next attempt.
struct WaitingMessage: Sendable, Encodable {
    var queue: String
    var type: String
    var messageID: ID
    var attempt: Int
    var ageSeconds: Double
    /// nil if the database does not contain it.
    var actor: String?
    var sentAt: Date?
    var source: Source

    /// The source.
    enum Source: String, Sendable, Encodable {
        /// The queue itself, without taking the message out.
        case queue
        /// The database: a handler has emitted it, or failed at it, and none has handled it since.
        case books
    }

    enum CodingKeys: String, CodingKey {
        case queue, type
        case messageID = "message_id"
        case attempt
        case ageSeconds = "age_seconds"
        case actor
        case sentAt = "sent_at"
        case source
    }
}

/// Lists waiting messages without taking them out of a queue, which would count as a delivery.
struct WaitingMessages: Sendable {
    let application: OperatorApplication
    let pool: PostgresPool
    /// nil: the database is the only source.
    let peeker: QueuePeeker?
    let logger: Logger

    /// - Parameter limit: the largest number, oldest first.
    func list(queue: String, type: String?, limit: Int) async throws -> (messages: [WaitingMessage], source: WaitingMessage.Source) {
        if let peeker {
            do {
                let messages = try await peeker.peek(queue, most: type == nil ? limit : QueuePeeker.deepest)
                return (Array(messages.filter { type == nil || $0.type == type }.prefix(limit)), .queue)
            } catch let error as QueuePeeker.Failed {
                self.logger.warning("the queue is not looked into: \(error)")
            }
        }
        let types = self.application.queuesByType.filter { $0.value.contains(queue) }.map(\.key)
        let rows = try await self.pool.query(Self.ofBooks, queue, types, type, Int64(limit))
        let now = Date()
        let messages = try rows.map { row in
            let sentAt = try row[2, as: Date.self]
            return WaitingMessage(
                queue: queue, type: try row[1], messageID: try row[0], attempt: Int(try row[3, as: Int32.self]),
                ageSeconds: max(0, now.timeIntervalSince(sentAt)), actor: nil, sentAt: sentAt, source: .books)
        }
        return (messages, .books)
    }

    /// Of the last week: messages that handlers emitted for the queue or failed at, replayed dead letters and edited messages, without those that
    /// have ended.
    private static let ofBooks: Statement = """
        with due as (
            select uuid_generate_v5(i.message_id, (e.ordinality - 1)::text) as message_id, e.value ->> 'type' as type, i.handled_at as at, 1 as attempt
            from inbox i cross join json_array_elements(i.emitted) with ordinality e
            where i.handled_at > now() - interval '7 days' and e.value ->> 'type' = any($2)
            union all
            select a.message_id, a.type, a.at, a.attempt + 1 from attempts a where a.queue = $1 and a.at > now() - interval '7 days' and a.next_at is not null
            union all
            select message_id, type, coalesce(sent_at, recorded_at), 1 from dead_letters
            where queue = $1 and status = 'replayed' and replaced_by is null and recorded_at > now() - interval '7 days'
            union all
            select r.message_id, d.type, r.at, 1 from replacements r join dead_letters d on d.id = r.dead_letter_id where d.queue = $1
        ), latest as (
            select message_id, min(type) as type, min(at) as at, max(attempt)::int4 as attempt from due
            where $3::text is null or type = $3 group by message_id
        )
        select message_id, type, at, attempt from latest l
        where not exists (select from inbox i where i.message_id = l.message_id and i.consumer = $1)
            and not exists (select from dead_letters d where d.queue = $1 and d.message_id = l.message_id
                and (d.status <> 'replayed' or d.replaced_by is not null))
        order by at, message_id limit $4
        """
}
