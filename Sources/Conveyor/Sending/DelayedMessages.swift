import FoundationEssentials
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle

/// Publishes the delayed messages of ``Sender`` when they are due. Any number of processes may run it: each row goes to one of them.
struct DelayedMessages: Service {
    let pool: PostgresPool
    let publisher: Publisher
    let logger: Logger

    private static let insert: Statement = """
        insert into delayed_messages (message_id, due_at, exchange, type, actor, schema, payload) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (message_id) do nothing
        """

    /// The statement that stores a message.
    static func keeping<Payload: Message>(_ message: Payload, _ envelope: Envelope, until date: Date) throws -> Call {
        Call(
            self.insert, envelope.messageID, date, Payload.exchange, Payload.type, envelope.actor, Int32(clamping: envelope.schema),
            try message.encoded())
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var isMore = false
                do { isMore = try await self.publishDue() } catch { self.logger.warning("delayed messages: \(error)") }
                if isMore { continue }
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
            }
        }
    }

    private static let most = 100
    private static let take: Statement = """
        select message_id, exchange, type, actor, schema, payload from delayed_messages where due_at <= now()
        order by due_at limit 100 for update skip locked
        """
    private static let forget: Statement = "delete from delayed_messages where message_id = any($1)"

    /// Publishes due messages. If a row is not deleted in time, its message is published again under the same id, and takes effect once.
    /// - Returns: whether more may be due.
    private func publishDue() async throws -> Bool {
        try await self.pool.transaction { transaction in
            let rows = try await transaction.query(Self.take)
            guard !rows.isEmpty else { return false }
            let now = Clock.milliseconds()
            var ids: [ID] = []
            var messages: [Outgoing] = []
            for row in rows {
                let (id, exchange, type, actor, schema, payload) = try row.decode((ID, String, String, String, Int32, [UInt8]).self)
                let envelope = Envelope(messageID: id, type: type, actor: actor, schema: Int(schema), sentAt: now)
                ids.append(id)
                messages.append(
                    Outgoing(
                        exchange: exchange, routingKey: type, mandatory: exchange != "events",
                        properties: envelope.properties(appID: "conveyor"), body: payload))
            }
            let failures = await self.publisher.publishMeasured(messages)
            let sent = zip(ids, failures).filter { $0.1 == nil }.map(\.0)
            transaction.enqueue(Self.forget, sent)
            if let failure = failures.compactMap(\.self).first {
                self.logger.warning("\(ids.count - sent.count) delayed messages are not published (\(failure)), again soon")
            }
            return sent.count == Self.most
        }
    }
}
