import Conveyor
import Postgres

/// The first dead letters of a job: the others follow only if these are handled.
struct Canary: Sendable {
    private var letters: [ID] = []
    /// The number still to send.
    private(set) var missing: Int
    /// Whether it is decided, or there is none.
    private(set) var isOver: Bool

    /// - Parameter alreadySent: by an earlier run of the job. If that was the whole canary, that run has judged it.
    init(size: Int, alreadySent: Int) {
        self.missing = max(0, size - alreadySent)
        self.isOver = self.missing == 0
    }

    mutating func add(_ letters: [ID]) {
        self.letters += letters
        self.missing = max(0, self.missing - letters.count)
    }

    private static let look: Statement = """
        select count(*) filter (where d.status = 'open'), min(d.error) filter (where d.status = 'open'),
               count(*) filter (where d.status <> 'open' and not exists (select from inbox i where i.message_id = d.message_id and i.consumer = d.queue))
        from dead_letters d where d.id = any($1)
        """

    /// Waits until all are handled or one is dead again.
    /// - Parameters:
    ///   - patience: the time limit.
    ///   - isBinding: whether undecided ones then count as failed.
    /// - Returns: why the job must stop; nil if it continues.
    mutating func verdict(_ patience: Duration, isBinding: Bool, in pool: PostgresPool) async throws -> String? {
        let deadline = ContinuousClock.now + patience
        while true {
            let row = try await pool.query(Self.look, self.letters)[0]
            let (dead, error, undecided) = try row.decode((Int, String?, Int).self)
            if dead > 0 { return "\(dead) of \(self.letters.count) canary messages failed again: \(error ?? "")" }
            if undecided == 0 { break }
            guard ContinuousClock.now < deadline else {
                if isBinding { return "\(undecided) of \(self.letters.count) canary messages were not handled in time; is the worker running?" }
                break
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        self.isOver = true
        return nil
    }
}
