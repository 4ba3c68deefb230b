public import Conveyor
import FoundationEssentials
public import Postgres
public import RabbitMQ

/// Sends a message that an operator has written.
public struct MessageSender: Sendable {
    let pool: PostgresPool
    let publisher: Publisher?

    /// A sender.
    /// - Parameter publisher: nil to send messages with a delay only.
    public init(pool: PostgresPool, publisher: Publisher?) {
        self.pool = pool
        self.publisher = publisher
    }

    /// A message that decodes as its type.
    public struct Draft: Sendable {
        let type: String
        let exchange: String
        let schema: Int
        let payload: [UInt8]

        /// - Throws: `NothingFound` for an unknown type; `Invalid` if the payload does not fit it.
        public init(type name: String, payload: [UInt8], by application: OperatorApplication) throws {
            guard let type = application.message(name) else { throw NothingFound("`\(name.onOneLine)` is not a message type") }
            do { _ = try JSON.decode(type, from: payload) } catch { throw Invalid(description: "not the JSON of \(name): \(JSON.explain(error))") }
            (self.type, self.exchange, self.schema, self.payload) = (name, type.exchange, type.schema, payload)
        }
    }

    /// The reason for not sending a payload.
    public struct Invalid: Error, CustomStringConvertible {
        /// The reason.
        public let description: String
    }

    private static let delay: Statement = """
        insert into delayed_messages (message_id, due_at, exchange, type, actor, schema, payload)
        values ($1, now() + $2 * interval '1 second', $3, $4, $5, $6, $7)
        """

    /// - Returns: its id. The broker has confirmed it, or it is stored until it is due.
    /// - Throws: `Unavailable` if the broker does not confirm it.
    public func send(_ draft: Draft, delay: Double?, by actor: String) async throws -> ID {
        let now = Clock.milliseconds()
        let id = ID.v7(milliseconds: UInt64(max(0, now)))
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            // Recorded first, so that every sent message is in the log.
            transaction.note("send", of: id.description, by: actor, messageID: id, reason: delay.map { "\(draft.type), in \($0) s" } ?? draft.type)
            if let delay {
                transaction.enqueue(Self.delay, id, delay, draft.exchange, draft.type, actor, Int32(clamping: draft.schema), draft.payload)
            } else {
                try await transaction.flush()
                guard let publisher = self.publisher else { throw Unavailable("broker: not connected") }
                let message = Self.outgoing(id, draft.exchange, draft.type, actor, draft.schema, draft.payload, sentAt: now)
                if let failure = await publisher.publish([message])[0] { throw Unavailable("broker: it did not take the message (\(failure))") }
            }
        }
        return id
    }

    static func outgoing(_ id: ID, _ exchange: String, _ type: String, _ actor: String, _ schema: Int, _ payload: [UInt8], sentAt: Int64) -> Outgoing
    {
        let envelope = Envelope(messageID: id, type: type, actor: actor, schema: schema, sentAt: sentAt)
        return Outgoing(exchange: exchange, routingKey: type, mandatory: true, properties: envelope.properties(appID: "conveyor"), body: payload)
    }
}

/// Delayed messages, which the recorder sends.
///
/// Each goes to the queues of its type, by their names: the recorder's broker user may not publish to the exchanges.
struct DelayedMessages: Sendable {
    let pool: PostgresPool
    let definitions: Definitions

    private static let take: Statement = """
        select message_id, exchange, type, actor, schema, payload from delayed_messages where due_at <= now()
        order by due_at limit 100 for update skip locked
        """
    private static let forget: Statement = "delete from delayed_messages where message_id = any($1)"

    /// Publishes due messages. If a row is not deleted in time, its message is published again under the same id, and takes effect once.
    func publishDue(_ publisher: Publisher) async throws {
        try await self.pool.transaction { transaction in
            let rows = try await transaction.query(Self.take)
            guard !rows.isEmpty else { return }
            let now = Clock.milliseconds()
            var ids: Set<ID> = []
            var copies: [(id: ID, message: Outgoing)] = []
            for row in rows {
                let (id, exchange, type, actor, schema, payload) = try row.decode((ID, String, String, String, Int32, [UInt8]).self)
                ids.insert(id)
                for queue in self.definitions.queues(of: exchange, type) {
                    var message = MessageSender.outgoing(id, exchange, type, actor, Int(schema), payload, sentAt: now)
                    (message.exchange, message.routingKey) = ("", queue)
                    copies.append((id, message))
                }
            }
            let failures = await publisher.publish(copies.map(\.message))
            for (copy, failure) in zip(copies, failures) where failure != nil { ids.remove(copy.id) }
            transaction.enqueue(Self.forget, Array(ids))
        }
    }
}
