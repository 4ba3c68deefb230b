import Fixtures
import RabbitMQ

/// A database and a broker for an operator's actions, with functions to fill and read them. No worker runs, so replayed messages stay in their queue.
protocol OperatorSite: Sendable {
    var database: TestDatabase { get }
    var host: VirtualHost { get }
}

extension OperatorSite {
    /// Inserts a dead letter as the recorder would.
    /// - Returns: its id.
    @discardableResult
    func addDeadLetter(
        queue: String = "orders", type: String = "orders.cancel", group: String = "g1", error: String = "no stock", payload: String = "{}",
        minutesAgo: Int = 1
    ) async throws -> String {
        let ids = try await self.addDeadLetters(
            1, queue: queue, type: type, group: group, error: error, payload: payload, minutesAgo: minutesAgo)
        guard let id = ids.first else { throw FixtureError("no dead letter was made") }
        return id
    }

    /// Inserts many similar ones.
    /// - Returns: their ids.
    @discardableResult
    func addDeadLetters(
        _ count: Int, queue: String = "orders", type: String = "orders.cancel", group: String = "g1", error: String = "no stock",
        payload: String = "{}", minutesAgo: Int = 1
    ) async throws -> [String] {
        let quoted = { (text: String) in "'" + text.replacing("'", with: "''") + "'" }
        let rows = try await self.database.psql(
            """
            with m as (select gen_random_uuid() id, gen_random_uuid() message_id from generate_series(1, \(count)))
            insert into dead_letters
                (id, message_id, correlation_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error, "group", properties, headers, payload)
            select id, message_id, message_id, 6, now() - interval '\(minutesAgo + 1) minutes', now() - interval '\(minutesAgo) minutes',
                   \(quoted(queue)), \(quoted(type)), 'attempts_exhausted', \(quoted(error)), \(quoted(group)),
                   json_build_object('message_id', message_id, 'type', \(quoted(type)), 'correlation_id', message_id, 'content_type', 'application/json'),
                   '{"actor": "system", "schema": 1, "attempt": 6}', convert_to(\(quoted(payload)), 'UTF8')
            from m returning id
            """)
        return rows.compactMap { $0.first ?? nil }
    }

    /// The status of a dead letter.
    func status(of id: String) async throws -> String? { try await self.database.value("select status from dead_letters where id = '\(id)'") }

    /// The audit log of a subject, oldest first: actor, action and reason.
    func audit(of subject: String) async throws -> [[String?]] {
        try await self.database.psql("select actor, act, reason from audit_log where subject = '\(subject)' order by id")
    }

    /// The messages that wait in a queue.
    func waiting(in queue: String) async throws -> Int { Int(try await self.host.ready(queue) ?? 0) }
}
