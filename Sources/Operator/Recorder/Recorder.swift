import FoundationEssentials
import Kit
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop

/// Moves the dead letters of one `<queue>.dead` into Postgres: insert, commit, then acknowledge. Seen twice, it is recorded once.
struct Recorder: Service {
    let queue: String
    let consumer: Consumer
    let pool: PostgresPool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await batch in self.consumer.batches {
                guard await self.record(batch) else { return }
                if let last = batch.last { await self.consumer.acknowledge(last.deliveryTag, multiple: true, epoch: last.epoch) }
            }
        }
    }

    private static let upsert: Statement = """
        with m as (
            select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int4[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[],
                $11::text[], $12::text[], $13::json[], $14::json[], $15::bytea[])
            m(id, message_id, correlation_id, order_id, attempts, first_failed_at, last_failed_at, type, error_type, error, grp, properties, headers, payload)
        ), recorded as (
            insert into dead_letters (id, message_id, correlation_id, order_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error,
                                      "group", properties, headers, payload)
            select id, message_id, correlation_id, order_id, attempts, first_failed_at, last_failed_at, $1, type, error_type, error, grp, properties, headers,
                   payload from m
            on conflict (queue, message_id) do update set status = 'open', attempts = excluded.attempts, last_failed_at = excluded.last_failed_at,
                error_type = excluded.error_type, error = excluded.error, "group" = excluded."group", headers = excluded.headers
            where dead_letters.status <> 'discarded' and (dead_letters.status <> 'open' or dead_letters.last_failed_at < excluded.last_failed_at)
            returning id, error_type, error
        )
        insert into audit_log (actor, act, subject, reason) select 'system', 'dead_lettered', id::text, error_type || ': ' || error from recorded
        """

    /// Returns false when the part ends.
    private func record(_ batch: [Delivery]) async -> Bool {
        let now = Date()
        // Within a batch the last word on a message holds.
        var newest: [ID: DeadMessage] = [:]
        for delivery in batch {
            let dead = DeadMessage(delivery, queue: self.queue, now: now)
            newest[dead.messageID] = dead
        }
        let dead = Array(newest.values)
        while !Task.isCancelled {
            do {
                try await self.pool.query(
                    Self.upsert, self.queue, dead.map { _ in ID.v7(milliseconds: UInt64(Clock.milliseconds())) }, dead.map(\.messageID),
                    dead.map(\.correlationID), dead.map(\.orderID), dead.map { Int32(clamping: $0.attempts) }, dead.map(\.firstFailedAt),
                    dead.map(\.lastFailedAt), dead.map { Self.text($0.type) }, dead.map(\.errorType), dead.map { Self.text($0.error) },
                    dead.map(\.group),
                    try dead.map { JSONText(try JSON.encode($0.properties)) },
                    try dead.map { JSONText(try JSON.encode($0.headers.mapValues(HeaderJSON.init))) }, dead.map(\.payload))
                for message in dead {
                    self.logger.error(
                        "dead letter recorded",
                        metadata: [
                            "queue": .string(self.queue), "type": .string(message.type), "message_id": .stringConvertible(message.messageID),
                            "error_type": .string(message.errorType), "error": .string(message.error),
                        ])
                }
                return true
            } catch {
                self.logger.warning("dead letters wait in \(self.queue).dead: \(error)")
                do { try await Task.sleep(for: .seconds(1)) } catch { return false }
            }
        }
        return false
    }

    /// Postgres takes no NUL in a text.
    private static func text(_ text: String) -> String { text.contains("\0") ? text.split(separator: "\0").joined(separator: "\u{fffd}") : text }
}
