import Conveyor
import FoundationEssentials
import Postgres

/// The state of a schedule.
struct ScheduleStatus: Sendable, Encodable {
    var name: String
    var every: String
    var lastAt: Date?
    var nextAt: Date?
    /// `succeeded` or `failed`; nil if it never ran.
    var outcome: String?
    var detail: String?
    var tookMilliseconds: Int64?
    var isPaused: Bool
    var isRunning: Bool

    enum CodingKeys: String, CodingKey {
        case name, every
        case lastAt = "last_at"
        case nextAt = "next_at"
        case outcome, detail
        case tookMilliseconds = "took_ms"
        case isPaused = "paused"
        case isRunning = "running"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.name, forKey: .name)
        try container.encode(self.every, forKey: .every)
        try container.encode(self.lastAt, forKey: .lastAt)
        try container.encode(self.nextAt, forKey: .nextAt)
        try container.encode(self.outcome, forKey: .outcome)
        try container.encode(self.detail, forKey: .detail)
        try container.encode(self.tookMilliseconds, forKey: .tookMilliseconds)
        try container.encode(self.isPaused, forKey: .isPaused)
        try container.encode(self.isRunning, forKey: .isRunning)
    }
}

/// The offered schedules, and the operators' actions on them.
struct ScheduleBoard: Sendable {
    let pool: PostgresPool

    private static let list: Statement = """
        select name, every, last_at, case when paused then null else next_at end, outcome, detail, took_ms, paused,
            lease_until is not null and lease_until > clock_timestamp()
        from schedules order by name
        """

    func list() async throws -> [ScheduleStatus] {
        try await self.pool.query(Self.list).map { row in
            ScheduleStatus(
                name: try row[0], every: try row[1], lastAt: try row[2], nextAt: try row[3], outcome: try row[4], detail: try row[5],
                tookMilliseconds: try row[6], isPaused: try row[7], isRunning: try row[8])
        }
    }

    /// An action on a schedule.
    enum Change: String, Sendable {
        /// At once, even while it is paused; a process runs it within a second.
        case run, pause, resume

        var statement: Statement {
            switch self {
            case .run: "update schedules set run_now = true where name = $1 returning name"
            case .pause: "update schedules set paused = true where name = $1 returning name"
            case .resume: "update schedules set paused = false where name = $1 returning name"
            }
        }
    }

    /// - Throws: `NothingFound`.
    func change(_ name: String, _ change: Change, by actor: String) async throws {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard try await !transaction.query(change.statement, name.withoutNUL).isEmpty else {
                throw NothingFound("no schedule \(name.onOneLine)")
            }
            transaction.note("schedule_\(change.rawValue)", of: name, by: actor)
        }
    }
}
