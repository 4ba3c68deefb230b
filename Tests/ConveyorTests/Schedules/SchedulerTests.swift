import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import ServiceLifecycle
import Synchronization
import Testing

/// Schedules on a real database.
@Suite struct SchedulerTests {
    /// The runs of a schedule's work.
    private final class Runs: Sendable {
        private let state = Mutex((count: 0, atOnce: 0, mostAtOnce: 0))

        var count: Int { self.state.withLock { $0.count } }
        var mostAtOnce: Int { self.state.withLock { $0.mostAtOnce } }

        func run(for duration: Duration = .zero) async throws {
            self.state.withLock { state in
                state.count += 1
                state.atOnce += 1
                state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            }
            defer { self.state.withLock { $0.atOnce -= 1 } }
            try await Task.sleep(for: duration)
        }
    }

    /// Runs the schedulers of this number of processes until `body` ends.
    private func running(
        _ count: Int, of schedules: [Schedule], on database: TestDatabase, _ body: @Sendable () async throws -> Void
    ) async throws {
        let pool = try PostgresPool(
            url: database.url(as: "orders"), size: 4, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
        let services: [any Service] = [pool] + (0..<count).map { _ in Scheduler(schedules, pool: pool, logger: .silent) }
        let group = ServiceGroup(configuration: .init(services: services, logger: .silent))
        let running = Task { try await group.run() }
        defer { running.cancel() }
        try await body()
        await group.triggerGracefulShutdown()
        try await running.value
    }

    @Test func `work runs in one process at a time, repeatedly, and reports its result`() async throws {
        try await withDatabase { database in
            let runs = Runs()
            let schedule = Schedule("tests.often", .every(.milliseconds(100))) {
                try await runs.run(for: .milliseconds(50))
                return .done("went well")
            }
            try await self.running(3, of: [schedule], on: database) { try await eventually("five runs") { runs.count >= 5 } }
            #expect(runs.mostAtOnce == 1)
            let row = try await database.psql("select every, outcome, detail, took_ms >= 50, failures from schedules where name = 'tests.often'")[0]
            #expect(row == ["0.1s", "succeeded", "went well", "t", "0"])
        }
    }

    @Test func `failing work is retried with growing delays, and shows its error`() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "it is broken" }
        try await withDatabase { database in
            let runs = Runs()
            let schedule = Schedule("tests.failing", .every(.seconds(3600)), runsAtStart: true) {
                try await runs.run()
                throw Broken()
            }
            try await self.running(1, of: [schedule], on: database) {
                try await eventually("a second try") { runs.count >= 2 }
                try await eventually("it to be noted") { try await database.value("select failures from schedules") == "2" }
            }
            let row = try await database.psql("select outcome, detail, next_at > now() + interval '1 second' from schedules")[0]
            #expect(row == ["failed", "it is broken", "t"])
        }
    }

    @Test func `paused work runs once on demand, and a dead process' lease ends`() async throws {
        try await withDatabase { database in
            let runs = Runs()
            let schedule = Schedule("tests.steered", .every(.milliseconds(100))) {
                try await runs.run()
                return .done()
            }
            try await database.psql(
                """
                insert into schedules (name, every, next_at, holder, lease_until)
                values ('tests.steered', '0.1s', now(), gen_random_uuid(), now() + interval '2 seconds')
                """)
            let began = ContinuousClock.now
            try await self.running(2, of: [schedule], on: database) {
                try await eventually("the dead process's lease to end") { runs.count > 0 }
                #expect(ContinuousClock.now - began > .seconds(1))
                try await database.psql("update schedules set paused = true")
                try await eventually("it to rest") { try await database.value("select holder is null from schedules") == "t" }
                let before = runs.count
                try await Task.sleep(for: .seconds(1))
                #expect(runs.count == before)
                try await database.psql("update schedules set run_now = true")
                try await eventually("it to run") { runs.count == before + 1 }
                try await Task.sleep(for: .seconds(1))
                #expect(runs.count == before + 1)
            }
        }
    }

    @Test(arguments: [
        ("*/15 * * * *", "2026-11-30T12:15:00.000Z"), ("0 3 * * *", "2026-12-01T03:00:00.000Z"), ("30 12 30 11 *", "2026-11-30T12:30:00.000Z"),
        ("0 0 1 1 *", "2027-01-01T00:00:00.000Z"), ("0 9 * * 1-5", "2026-12-01T09:00:00.000Z"), ("0 0 29 2 *", "2028-02-29T00:00:00.000Z"),
        ("0 0 13 * 5", "2026-12-04T00:00:00.000Z"), ("5 * * * 7", "2026-12-06T00:05:00.000Z"), ("1,2 13 * * *", "2026-11-30T13:01:00.000Z"),
    ])
    func `a cron line is due at the next matching minute`(line: String, next: String) throws {
        let now = try #require(Timestamp.date("2026-11-30T12:03:20Z"))
        let cron = try #require(Cron(line))
        #expect(cron.next(after: now).map { Timestamp.string($0) } == next)
    }

    @Test(arguments: ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1- * * * *", "* * * * * *"])
    func `a malformed cron line is refused`(line: String) { #expect(Cron(line) == nil) }

    @Test func `an impossible day is never due`() throws { #expect(try #require(Cron("0 0 30 2 *")).next(after: Date()) == nil) }
}
