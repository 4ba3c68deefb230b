import Fixtures
import FoundationEssentials
import Postgres
import RabbitMQ
import Testing

@testable import Conveyor
@testable import ExampleWorker

@Suite struct SenderTests {
    private struct Undone: Error {}

    /// A sender, and two processes that publish due messages.
    private func sending(_ body: (WorkerRig, Sender, PostgresPool) async throws -> Void) async throws {
        try await WorkerRig.with { rig in
            let pool = try PostgresPool(url: rig.database.url, size: 4, applicationName: "tests", statementTimeout: nil, logger: .silent)
            try await withPublisher(rig.host.amqpURL) { publisher in
                let delayed = DelayedMessages(pool: pool, publisher: publisher, logger: .silent)
                try await running(delayed) {
                    try await running(delayed) { try await body(rig, Sender(publisher: publisher, pool: pool, appID: "tests"), pool) }
                }
            }
            await pool.close()
        }
    }

    @Test func `a message is confirmed when send returns, and a delayed one waits for its time`() async throws {
        try await self.sending { rig, sender, pool in
            let began = ContinuousClock.now
            let later = try await sender.send(Tally(number: 2), after: .seconds(2), actor: "operator:ann")
            let past = try await sender.send(Tally(number: 3), at: Date(timeIntervalSince1970: 0))
            let now = try await sender.send(Tally(number: 1))
            let taken = try await rig.taken(3, from: "tests")
            #expect(ContinuousClock.now - began >= .seconds(2))
            #expect(Set(taken.compactMap(\.properties.messageID)) == Set([now, past, later].map(\.description)))
            #expect(taken.last?.properties.messageID == later.description)
            #expect(taken.last?.properties.headers["actor"] == "operator:ann")
            try await eventually("nothing waits") { try await rig.database.value("select count(*) from delayed_messages") == "0" }
        }
    }

    @Test func `a message in a transaction is published with its commit, and never without`() async throws {
        try await self.sending { rig, sender, pool in
            await #expect(throws: Undone.self) {
                try await pool.transaction { transaction in
                    try sender.send(Tally(number: 1), in: transaction)
                    try await transaction.flush()
                    throw Undone()
                }
            }
            let kept = try await pool.transaction { transaction in try sender.send(Tally(number: 2), in: transaction) }
            let taken = try await rig.taken(1, from: "tests")
            #expect(taken.map(\.properties.messageID) == [kept.description])
            #expect(try JSON.decode(Tally.self, from: taken[0].body).number == 2)
        }
    }
}
