import Conveyor
import FoundationEssentials
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle

/// Moves the dead letters of one `<queue>.dead` into Postgres: insert, commit, then acknowledge. A redelivered one is recorded once.
struct Recorder: Service {
    let application: OperatorApplication
    let queue: String
    let consumer: Consumer
    let pool: PostgresPool
    let logger: Logger

    /// The prefetch: small, since a dead letter may have many megabytes.
    static let prefetch = 16
    /// The limit of payload bytes per statement, unless one payload alone is larger.
    private static let chunk = 8 << 20

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await batch in self.consumer.batches {
                guard await self.record(batch) else { return }
                if let last = batch.last { await self.consumer.acknowledge(last.deliveryTag, multiple: true, epoch: last.epoch) }
            }
        }
    }

    /// A known message that fails again after a replay is the same dead letter, open again. It stays closed if the same death is only redelivered
    /// (the same time of failure: the acknowledgement was lost), if an edited message has replaced it, or if an operator discarded it;
    /// a copy of a discarded one is recorded in its history.
    private static let upsert: Statement = """
        with m as (
            select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int4[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
                $10::text[], $11::text[], $12::text[], $13::text[], $14::json[], $15::json[], $16::bytea[], $17::text[])
            m(id, message_id, correlation_id, subject_id, attempts, first_failed_at, last_failed_at, sent_at, type, error_type, error, grp, properties,
              headers, payload, subject_type)
        ), known as (
            select d.id, d.message_id, d.status from dead_letters d join m on d.queue = $1 and d.message_id = m.message_id
            where d.last_failed_at is distinct from m.last_failed_at
        ), recorded as (
            insert into dead_letters (id, message_id, correlation_id, subject_type, subject_id, attempts, first_failed_at, last_failed_at, sent_at, queue, type, error_type,
                                      error, "group", properties, headers, payload)
            select id, message_id, correlation_id, subject_type, subject_id, attempts, first_failed_at, last_failed_at, sent_at, $1, type, error_type, error, grp, properties,
                   headers, payload from m
            on conflict (queue, message_id) do update set status = 'open', attempts = excluded.attempts, last_failed_at = excluded.last_failed_at,
                recorded_at = now(), error_type = excluded.error_type, error = excluded.error, "group" = excluded."group", headers = excluded.headers
            where dead_letters.status <> 'discarded' and dead_letters.replaced_by is null
                and dead_letters.last_failed_at is distinct from excluded.last_failed_at
            returning id, message_id, error_type, error
        )
        insert into audit_log (actor, act, subject, reason)
        select 'system', case when k.id is null then 'dead_lettered' else 'dead_lettered_again' end, r.id::text, r.error_type || ': ' || r.error
        from recorded r left join known k on k.id = r.id
        union all
        select 'system', 'copy_seen', k.id::text, 'a copy of it was dead-lettered; it stays closed'
        from known k where k.id not in (select id from recorded)
        returning act, subject
        """

    /// Returns false when the process ends.
    private func record(_ batch: [Delivery]) async -> Bool {
        let now = Date()
        // Within a batch the last state of a message counts.
        var newest: [ID: DeadMessage] = [:]
        for delivery in batch {
            let dead = DeadMessage(delivery, queue: self.queue, of: self.application, now: now)
            newest[dead.messageID] = dead
        }
        // In the order of their ids, so that two recorders lock them in the same order.
        var waiting = newest.values.sorted { $0.messageID < $1.messageID }[...]
        while !waiting.isEmpty {
            var size = 0
            let chunk = waiting.prefix { dead in
                defer { size += dead.payload.count }
                return size == 0 || size + dead.payload.count <= Self.chunk
            }
            guard await self.write(Array(chunk)) else { return false }
            waiting = waiting.dropFirst(chunk.count)
        }
        return true
    }

    /// Retries until it is written. Rows that Postgres refuses are written one by one, and finally without the offending parts: a message that cannot
    /// be recorded must not delay the others.
    private func write(_ dead: [DeadMessage]) async -> Bool {
        while !Task.isCancelled {
            do {
                try await self.insert(dead)
                for message in dead { self.report(message) }
                return true
            } catch let error as PostgresError where error.kind == .server && !error.isRetriable {
                self.logger.error("a dead letter of \(self.queue) is recorded without its headers: \(error)")
                if dead.count > 1 {
                    for message in dead { guard await self.write([message]) else { return false } }
                    return true
                }
                guard await self.writeBare(dead[0]) else { return false }
                return true
            } catch {
                self.logger.warning("dead letters wait in \(self.queue).dead: \(error)")
                do { try await Task.sleep(for: .seconds(1)) } catch { return false }
            }
        }
        return false
    }

    private func writeBare(_ message: DeadMessage) async -> Bool {
        var bare = message
        bare.headers = [:]
        bare.error = "its headers could not be recorded"
        bare.type = String(message.type.unicodeScalars.filter { $0.isASCII && $0.value > 0 })
        (bare.firstFailedAt, bare.lastFailedAt, bare.sentAt) = (Date(), Date(), nil)
        while !Task.isCancelled {
            do {
                try await self.insert([bare])
                self.report(bare)
                return true
            } catch {
                self.logger.critical("a dead letter waits in \(self.queue).dead: \(error)")
                do { try await Task.sleep(for: .seconds(5)) } catch { return false }
            }
        }
        return false
    }

    private func insert(_ dead: [DeadMessage]) async throws {
        try await self.pool.query(
            Self.upsert, self.queue, dead.map { _ in ID.v7(milliseconds: UInt64(Clock.milliseconds())) }, dead.map(\.messageID),
            dead.map(\.correlationID), dead.map(\.subject?.id), dead.map { Int32(clamping: $0.attempts) }, dead.map(\.firstFailedAt),
            dead.map(\.lastFailedAt), dead.map(\.sentAt), dead.map(\.type), dead.map(\.errorType), dead.map(\.error), dead.map(\.group),
            try dead.map { JSONText(try JSON.encode($0.properties)) }, try dead.map { JSONText(try JSON.encode($0.headers)) }, dead.map(\.payload),
            dead.map(\.subject?.type))
    }

    private func report(_ message: DeadMessage) {
        // Workers count and report their own.
        if message.isByBroker {
            let type = self.application.message(message.type) == nil ? "unknown" : message.type
            Metrics.deadLetters(queue: self.queue, type: type, errorType: message.errorType)
            Sentry.report(
                .deadLetter(queue: self.queue, type: type, errorType: message.errorType, error: message.error, envelope: message.envelope))
        }
        self.logger.error(
            "dead letter recorded",
            metadata: [
                "queue": .string(self.queue), "type": .string(message.type), "message_id": .stringConvertible(message.messageID),
                "error_type": .string(message.errorType), "error": .string(message.error),
            ])
    }
}
