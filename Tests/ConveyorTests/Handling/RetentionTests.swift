import Conveyor
import Fixtures
import Postgres
import RabbitMQ
import Shop
import Testing

@testable import ExampleWorker

/// The weeks of the inbox: dropping them, and messages older than the remaining ones.
@Suite struct RetentionTests {
    /// A week to drop.
    private static let oldWeek =
        "create table inbox_20240101 partition of inbox for values from ('2024-01-01 00:00:00+00') to ('2024-01-08 00:00:00+00')"
    /// As if the shop were a year old and everything before this week had been dropped.
    private static let aYearOld = "update schema_migrations set applied_at = now() - interval '1 year'"

    private func insert(_ id: ID, sentAt: String) -> String {
        """
        insert into inbox (message_id, correlation_id, sent_at, took_us, attempt, decides, consumer, type, outcome)
        values ('\(id)', '\(id)', \(sentAt), 1, 1, true, 'tests', 'tests.tally', 'succeeded')
        """
    }

    @Test func `a long reader delays the dropping of an old week, and no work`() async throws {
        try await withDatabase { database in
            try await database.psql(Self.oldWeek)
            let pool = try PostgresPool(
                url: database.url, size: 3, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
            let maintain: Statement = "select maintain_partitions(14)"
            try await pool.transaction { reader in
                try await reader.query("select count(*) from inbox")
                let began = ContinuousClock.now
                let maintaining = Task { try await pool.query(maintain)[0][0, as: Bool.self] }
                // Most of these arrive while the upkeep waits for its lock.
                for _ in 0..<20 { try await pool.query(Statement(self.insert(.v7(milliseconds: UInt64(Clock.milliseconds())), sentAt: "now()"))) }
                #expect(try await maintaining.value == false, "it says that something is left to do")
                #expect(ContinuousClock.now - began < .seconds(5))
                #expect(try await database.value("select to_regclass('inbox_20240101') is not null") == "t")
            }
            #expect(try await pool.query(maintain)[0][0, as: Bool.self])
            #expect(try await database.value("select to_regclass('inbox_20240101') is null") == "t")
            await pool.close()
        }
    }

    @Test func `the inbox knows since when it is complete, in any time zone`() async throws {
        try await withDatabase { database in
            #expect(try await database.value("select inbox_kept_since()") == nil, "nothing was dropped")
            try await database.psql(Self.aYearOld)
            let monday = try await database.value("select (date_trunc('week', now() at time zone 'utc') at time zone 'utc')::text")
            for zone in ["UTC", "Asia/Tokyo", "America/Los_Angeles"] {
                let since = try await database.psql(
                    "set timezone = '\(zone)'; select (inbox_kept_since() at time zone 'utc' at time zone 'utc' = '\(monday ?? "")'::timestamptz)")
                #expect(since.last == ["t"])
            }
        }
    }

    @Test func `a message older than the inbox is a dead letter, unless the inbox knows it`() async throws {
        try await WorkerRig.with { rig in
            let long: Int64 = Clock.milliseconds() - 60 * 86_400_000
            func old(_ number: Int) throws -> (id: ID, message: Outgoing) {
                let id = ID.v7(milliseconds: UInt64(long))
                return (
                    id,
                    try Outgoing(
                        Tally(number: number), envelope: Envelope(messageID: id, type: Tally.type, actor: "system", sentAt: long), appID: "test")
                )
            }
            try await rig.working(TallyHandler()) { _ in
                // Before a week was dropped it is an ordinary message.
                try await rig.publish([old(1).message])
                try await rig.waitForEffects(1)
            }
            try await rig.database.psql(Self.aYearOld)
            let (known, unknown) = (try old(2), try old(3))
            try await rig.database.psql(self.insert(known.id, sentAt: "to_timestamp(\(long) / 1000.0)"))
            try await rig.publish([known.message, unknown.message])
            try await rig.publish([4])
            try await rig.working(TallyHandler()) { _ in
                let dead = try await rig.taken(1, from: "tests.dead")[0]
                #expect(dead.properties.messageID == unknown.id.description)
                #expect(dead.properties.headers["error-type"] == "timed_out")
                #expect(dead.properties.headers["error"]?.string?.contains("--force") == true)
                try await rig.waitForEffects(2)
            }
            #expect(try await rig.effects() == [1, 4])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }
}
