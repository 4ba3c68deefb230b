import Kit
import Postgres

/// Pauses and resumes queues: the workers look every second, and stop taking or start again without a restart. What they hold they finish.
struct QueueControls: Sendable {
    let pool: PostgresPool
    /// `operator:<name>`
    let actor: String

    private static let set: Statement = """
        insert into queue_controls (queue, paused, actor) values ($1, $2, $3)
        on conflict (queue) do update set paused = excluded.paused, actor = excluded.actor, at = now() where queue_controls.paused <> excluded.paused
        returning queue
        """
    private static let isPaused: Statement = "select paused from queue_controls where queue = $1"

    /// - Returns: false if it was so already.
    @discardableResult
    func set(paused: Bool, _ queue: String) async throws -> Bool {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            let before = try await transaction.query(Self.isPaused, queue).decode(Bool.self).first ?? false
            guard before != paused, try await !transaction.query(Self.set, queue, paused, self.actor).isEmpty else { return false }
            transaction.note(paused ? "pause" : "resume", of: queue, by: self.actor)
            return true
        }
    }
}
