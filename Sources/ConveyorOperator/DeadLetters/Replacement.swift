import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

/// The message that replaces an edited dead letter.
struct Replacement: Sendable {
    let deadLetterID: ID
    let messageID: ID
    let message: StoredMessage

    /// - Parameter now: milliseconds since 1970.
    init(of detail: DeadLetterDetail, _ edit: Edit, actor: String, now: Int64) {
        let original = detail.letter
        var envelope = Envelope(
            messageID: .v7(milliseconds: UInt64(now)), type: original.type, actor: actor, schema: edit.schema,
            traceparent: detail.headers["traceparent"]?.string, sentAt: now)
        envelope.causationID = original.messageID
        // The same operation, which ends with this message if it would have ended with the original.
        envelope.correlationID = original.correlationID ?? original.messageID
        // After a previous edit, still the first message: its id is that of the created resource.
        envelope.replaces = detail.headers["replaces"]?.string.flatMap { ID($0) } ?? original.messageID
        let properties = envelope.properties(appID: "conveyor")
        self.deadLetterID = original.id
        self.messageID = envelope.messageID
        self.message = StoredMessage(
            queue: original.queue, properties: StoredProperties(properties), headers: JSONValue.headers(properties.headers), payload: edit.payload)
    }

    private static let insertOne: Statement = """
        insert into replacements (dead_letter_id, message_id, properties, headers, payload) values ($1, $2, $3, $4, $5)
        """

    /// Stores it before and after publishing.
    var insert: Call {
        get throws {
            Call(
                Self.insertOne, self.deadLetterID, self.messageID, JSONText(try JSON.encode(self.message.properties)),
                JSONText(try JSON.encode(self.message.headers)), self.message.payload)
        }
    }

    static let markPublished: Statement = "update replacements set published_at = now() where message_id = any($1) and published_at is null"

    private static let unpublished: Statement = """
        select r.message_id, d.queue, r.properties, r.headers, r.payload from replacements r join dead_letters d on d.id = r.dead_letter_id
        where r.published_at is null and r.at < now() - interval '10 seconds' order by r.at limit 100 for update of r skip locked
        """

    /// Publishes edited messages whose process died before it could. Publishing twice is harmless: the id is the same.
    /// - Returns: their number.
    @discardableResult
    static func publishLeftovers(_ pool: PostgresPool, _ publisher: Publisher) async throws -> Int {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(self.unpublished)
            guard !rows.isEmpty else { return 0 }
            let messages = try rows.map { row in
                StoredMessage(
                    queue: try row[1], properties: try JSON.decode(from: row[2, as: JSONText.self].bytes),
                    headers: try JSON.decode(from: row[3, as: JSONText.self].bytes), payload: try row[4])
            }
            let failures = await publisher.publish(messages.map(\.outgoing))
            let published = try zip(rows, failures).compactMap { row, failure in failure == nil ? try row[0, as: ID.self] : nil }
            transaction.enqueue(self.markPublished, published)
            return published.count
        }
    }
}
