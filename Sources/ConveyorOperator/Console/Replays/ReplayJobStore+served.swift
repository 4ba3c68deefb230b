import Conveyor
import Postgres

/// Jobs that the console runs. They are marked, so that after a restart it continues these only.
extension ReplayJobStore {
    private static let mark: Statement = """
        update replay_jobs set is_served = true, status = 'running', ended_at = null, note = null where id = $1 and status <> 'done' returning id
        """
    private static let underWay: Statement = "select id from replay_jobs where is_served and status = 'running' order by at"

    /// Assigns a job to the console.
    /// - Returns: false if it is done or unknown.
    func serve(_ id: ID) async throws -> Bool {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            return try await !transaction.query(Self.mark, id).isEmpty
        }
    }

    /// The console's jobs that are neither stopped nor done.
    func leftovers() async throws -> [ID] { try await self.pool.query(Self.underWay).decode(ID.self) }
}
