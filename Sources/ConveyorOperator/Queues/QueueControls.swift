import Conveyor
import Postgres

/// Pauses and resumes queues: the workers check every second, without a restart. They finish the messages that they have.
struct QueueControls: Sendable {
    let pool: PostgresPool
    /// `operator:<name>`
    let actor: String

    private static let set: Statement = """
        insert into queue_controls (queue, paused, actor, reason) select q, $2, $3, $4 from unnest($1::text[]) q
        on conflict (queue) do update set paused = excluded.paused, actor = excluded.actor, reason = excluded.reason, at = now()
        where queue_controls.paused <> excluded.paused
        returning queue
        """
    private static let paused: Statement = "select queue from queue_controls where paused and queue = any($1)"

    /// - Parameter reason: of the pause.
    /// - Returns: the queues that changed.
    @discardableResult
    func set(paused: Bool, _ queues: [String], reason: String? = nil) async throws -> Set<String> {
        let reason = reason.map { String($0.withoutNUL.prefix(1000)) }
        return try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            let before = Set(try await transaction.query(Self.paused, queues).decode(String.self))
            let wanted = queues.filter { before.contains($0) != paused }
            guard !wanted.isEmpty else { return [] }
            let changed = Set(try await transaction.query(Self.set, wanted, paused, self.actor, reason).decode(String.self))
            for queue in wanted where changed.contains(queue) {
                transaction.note(paused ? "pause" : "resume", of: queue, by: self.actor, reason: reason)
            }
            return changed
        }
    }
}
