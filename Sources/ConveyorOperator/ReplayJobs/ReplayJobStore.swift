import Conveyor
import Postgres

/// Bulk replays in Postgres.
struct ReplayJobStore: Sendable {
    let pool: PostgresPool

    /// The advisory lock that a process holds while it runs a job.
    static func lockKey(of job: ID) -> Int64 { Int64(bitPattern: job.high ^ job.low) }

    private static let insertJob: Statement = """
        insert into replay_jobs (id, rate, canary, status, actor, filter) values ($1, $2, $3, 'stopped', $4, $5)
        """
    private static let insertItems: Statement = """
        insert into replay_job_items (job_id, position, dead_letter_id, state, at, note)
        select $1, m.position, m.id, case when m.note is null then 'waiting' else 'failed' end, case when m.note is not null then now() end, m.note
        from unnest($2::uuid[], $3::text[]) with ordinality m(id, note, position)
        """

    /// Creates a job from a plan. A ``ReplayRunner`` runs it.
    func create(_ plan: ReplayPlan, selection: ReplayJob.Selection, rate: Double?, canary: Int, actor: String) async throws -> ID {
        let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            transaction.enqueue(
                Self.insertJob, id, rate, Int32(clamping: canary), actor, JSONText(try JSON.encode(selection)))
            let notes = plan.letters.map(\.verdict.reason)
            transaction.enqueue(Self.insertItems, id, plan.letters.map(\.id), notes)
        }
        return id
    }

    /// A job is running only while its lock is held, whatever its row contains: a killed process cannot update it.
    private static let columns = """
        j.id, j.filter, j.rate, j.canary,
        case when j.status = 'running' and not exists (
            select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
                and l.database = (select oid from pg_database where datname = current_database())
                and (l.classid::bigint << 32 | l.objid::bigint) = k.key
        ) then 'stopped' else j.status end,
        j.status = 'running', j.actor, j.at, j.ended_at, j.note,
        (select count(*) from replay_job_items i where i.job_id = j.id),
        (select count(*) from replay_job_items i where i.job_id = j.id and i.state in ('sent', 'skipped')),
        (select count(*) from replay_job_items i where i.job_id = j.id and i.state = 'waiting'),
        (select count(*) from replay_job_items i where i.job_id = j.id and i.state = 'failed')
        """
    /// `key` from ``lockKey(of:)``.
    private static let source = """
        replay_jobs j cross join lateral (
            select ('x' || substr(replace(j.id::text, '-', ''), 1, 16))::bit(64)::bigint # ('x' || substr(replace(j.id::text, '-', ''), 17))::bit(64)::bigint
        ) k(key)
        """
    private static let list = Statement("select \(columns) from \(source) order by j.at desc, j.id desc limit $1")
    private static let one = Statement("select \(columns) from \(source) where j.id = $1")

    /// The jobs, newest first.
    func list(limit: Int = 50) async throws -> [ReplayJob] {
        try await self.pool.query(Self.list, Int64(limit)).map(Self.job)
    }

    /// One job; nil if the id does not exist.
    func find(_ id: ID) async throws -> ReplayJob? { try await self.pool.query(Self.one, id).first.map(Self.job) }

    private static func job(_ row: Row) throws -> ReplayJob {
        let status = try row[4, as: ReplayJob.Status.self]
        let wasKilled = try status == .stopped && row[5, as: Bool.self]
        return ReplayJob(
            id: try row[0], selection: try JSON.decode(from: row[1, as: JSONText.self].bytes), total: try row[10], done: try row[11],
            left: try row[12], failed: try row[13], rate: try row[2], canary: Int(try row[3, as: Int32.self]), status: status, actor: try row[6],
            at: try row[7], endedAt: try row[8], note: wasKilled ? "the process that ran it has ended" : try row[9])
    }

    private static let stop: Statement = """
        update replay_jobs set status = 'stopped', ended_at = now(), note = $2 where id = $1 and status <> 'done' returning id
        """

    /// Its run ends after the messages on their way; the rest can be resumed.
    /// - Parameter actor: the operator; nil if it stops on its own.
    /// - Returns: false if it is done or unknown.
    @discardableResult
    func stop(_ id: ID, note: String, by actor: String? = nil) async throws -> Bool {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard try await !transaction.query(Self.stop, id, note).isEmpty else { return false }
            if let actor { transaction.note("stop_job", of: id.description, by: actor) }
            return true
        }
    }

    /// Records the operator who resumes a stopped job.
    func noteResumption(of id: ID, by actor: String) async throws {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            transaction.note("resume_job", of: id.description, by: actor)
        }
    }
}
