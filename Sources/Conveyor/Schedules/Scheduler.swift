import FoundationEssentials
public import Logging
public import Postgres
public import ServiceLifecycle

/// Runs due schedules: the first offering process takes a lease, the others wait.
///
/// After a process dies with a lease, another one follows after three seconds. All times are by the database's clock.
public struct Scheduler: Service {
    private let schedules: [Schedule]
    private let pool: PostgresPool
    private let logger: Logger
    private let holder: ID

    /// In seconds; renewed every third of it while the work runs.
    private static let lease = 3.0
    /// The longest and shortest wait between two checks.
    private static let longestPause = Duration.seconds(1)
    private static let shortestPause = Duration.milliseconds(50)

    /// - Parameter pool: with a role that may write to `schedules`.
    public init(_ schedules: [Schedule], pool: PostgresPool, logger: Logger) {
        self.schedules = schedules
        self.pool = pool
        self.logger = logger
        self.holder = ID.v7(milliseconds: UInt64(max(0, Clock.milliseconds())))
    }

    /// Runs until graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for schedule in self.schedules { group.addTask { await self.keep(schedule) } }
            }
        }
    }

    private func keep(_ schedule: Schedule) async {
        var isRegistered = false
        while !Task.isCancelled {
            var pause = Self.longestPause
            do {
                if !isRegistered {
                    try await self.register(schedule)
                    isRegistered = true
                }
                let (failures, untilNext) = try await self.claim(schedule)
                if let failures {
                    try await self.perform(schedule, failures: failures)
                    pause = .zero
                } else {
                    pause = min(max(untilNext, Self.shortestPause), Self.longestPause)
                }
            } catch is CancellationError {
                return
            } catch {
                self.logger.warning("\(schedule.name) is not run: \(error)")
            }
            try? await Task.sleep(for: pause)
        }
    }

    private static let insert: Statement = """
        insert into schedules (name, every, next_at) values ($1, $2, coalesce($3::timestamptz, clock_timestamp() + $4 * interval '1 second'))
        on conflict (name) do update set every = excluded.every,
            next_at = case when $5 then least(clock_timestamp(), schedules.next_at) else least(schedules.next_at, excluded.next_at) end
        """

    private func register(_ schedule: Schedule) async throws {
        let (seconds, date) = Self.next(schedule, after: schedule.runsAtStart ? .zero : nil)
        try await self.pool.query(Self.insert, schedule.name, schedule.recurrence.text, date, seconds, schedule.runsAtStart)
    }

    /// When it is due next: after some seconds, or at a time.
    private static func next(_ schedule: Schedule, after again: Duration?) -> (seconds: Double, date: Date?) {
        switch schedule.recurrence {
        case .every(let duration): (min(duration, again ?? duration).seconds, nil)
        case .cron(let cron): again.map { ($0.seconds, Date?.none) } ?? (0, cron.next(after: Date()) ?? .distantFuture)
        }
    }

    private static let take: Statement = """
        update schedules set holder = $2, lease_until = clock_timestamp() + $3 * interval '1 second', run_now = false
        where name = $1 and (lease_until is null or lease_until < clock_timestamp()) and (run_now or (not paused and next_at <= clock_timestamp()))
        returning failures
        """
    private static let look: Statement = """
        select extract(epoch from next_at - clock_timestamp())::float8, paused,
            (lease_until is null or lease_until < clock_timestamp()) and (run_now or (not paused and next_at <= clock_timestamp()))
        from schedules where name = $1
        """
    // If the server crashes, the only loss is an additional run.
    private static let relaxed: Statement = "set local synchronous_commit = off"

    /// - Returns: the number of failures in a row, if it is due and leased here; else the time until it is due.
    private func claim(_ schedule: Schedule) async throws -> (failures: Int?, untilNext: Duration) {
        // Read first, without a write: usually it is not due, or leased elsewhere.
        guard let (seconds, isPaused, isDue) = try await self.pool.query(Self.look, schedule.name).decode((Double, Bool, Bool).self).first else {
            // An operator deleted its row.
            try await self.register(schedule)
            return (nil, .zero)
        }
        guard isDue else { return (nil, isPaused ? Self.longestPause : .seconds(max(0, min(seconds, 1)))) }
        let failures = try await self.pool.transaction { transaction in
            try await transaction.query(Self.relaxed)
            return try await transaction.query(Self.take, schedule.name, self.holder, Self.lease).decode(Int32.self).first
        }
        return (failures.map { Int($0) }, Self.shortestPause)
    }

    private static let renew: Statement = """
        update schedules set lease_until = clock_timestamp() + $3 * interval '1 second' where name = $1 and holder = $2
        """
    private static let finish: Statement = """
        update schedules set holder = null, lease_until = null, last_at = clock_timestamp() - $3 * interval '1 millisecond', took_ms = $3, outcome = $4,
            detail = $5, failures = $6, next_at = coalesce($7::timestamptz, clock_timestamp() + $8 * interval '1 second')
        where name = $1 and holder = $2
        """
    private static let release: Statement = "update schedules set holder = null, lease_until = null where name = $1 and holder = $2"

    private func perform(_ schedule: Schedule, failures: Int) async throws {
        let began = ContinuousClock.now
        let result: Result<Schedule.Done, any Error>
        do {
            result = .success(
                try await withThrowingTaskGroup(of: Schedule.Done?.self) { group in
                    group.addTask { try await schedule.work() }
                    group.addTask {
                        while true {
                            try await Task.sleep(for: .seconds(Self.lease / 3))
                            // After a failure the next run follows; after an expired lease another process takes over.
                            _ = try? await self.pool.query(Self.renew, schedule.name, self.holder, Self.lease)
                        }
                    }
                    defer { group.cancelAll() }
                    return try await group.next() ?? nil
                } ?? .done())
        } catch {
            result = .failure(error)
        }
        if Task.isCancelled {
            // Another process need not wait for the end of the lease.
            let (pool, holder) = (self.pool, self.holder)
            _ = await Task { try? await pool.query(Self.release, schedule.name, holder) }.value
            throw CancellationError()
        }
        let took = Int64((ContinuousClock.now - began).seconds * 1000)
        switch result {
        case .success(let done):
            try await self.finish(schedule, took, "succeeded", done.detail, failures: 0, again: done.again)
        case .failure(let error):
            self.logger.warning("\(schedule.name) failed: \(error)")
            try await self.finish(
                schedule, took, "failed", "\(error)", failures: failures + 1, again: .seconds(1 << min(failures, 6)))
        }
    }

    private func finish(
        _ schedule: Schedule, _ took: Int64, _ outcome: String, _ detail: String?, failures: Int, again: Duration?
    ) async throws {
        let (seconds, date) = Self.next(schedule, after: again)
        let detail = detail.map { String($0.replacing("\0", with: "").prefix(500)) }
        try await self.pool.transaction { transaction in
            try await transaction.query(Self.relaxed)
            transaction.enqueue(
                Self.finish, schedule.name, self.holder, took, outcome, detail, Int32(clamping: failures), date, seconds)
        }
    }
}
