import Conveyor
import Fixtures
import Postgres
import Testing

@testable import ExampleWorker

@Suite struct MiddlewareTests {
    /// Records its calls in order.
    private struct Noting: Middleware {
        let name: String
        let seen: Seen<String>

        func handle(_ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]) async throws -> [Reply] {
            self.seen.add("\(self.name) before \(batch.messages.count) \(batch.type)")
            let replies = try await next()
            self.seen.add("\(self.name) after")
            return replies
        }

        func prepare(_ message: IncomingMessage, next: @Sendable () async throws -> Void) async throws {
            self.seen.add("\(self.name) prepares \(message.envelope.type)")
            try await next()
        }
    }

    /// Rejects odd numbers instead of the handler.
    private struct EvenOnly: Middleware {
        func handle(_ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]) async throws -> [Reply] {
            if batch.messages.contains(where: { ($0.payload as? Tally)?.number.isMultiple(of: 2) == false }) {
                throw Problem(.invalid, "an odd number")
            }
            return try await next()
        }
    }

    /// A note whose handler has a `prepare`.
    private struct AskingHandler: Handler {
        func prepare(_ message: Note, _ envelope: Envelope) async throws -> Int { message.number + 1 }
        func handle(_ batch: [Received<Note, Int>], in transaction: Transaction) async throws -> [Reply] {
            transaction.enqueue(
                "insert into effects (message_id, number) select * from unnest($1::uuid[], $2::int4[])", batch.map(\.envelope.messageID),
                batch.map { Int32($0.prepared) })
            return batch.map { _ in .done() }
        }
    }

    /// Handles one message at a time.
    private struct OneByOne: MessageHandler {
        func handle(_ message: Received<Tally, Void>, in transaction: Transaction) async throws -> Reply {
            transaction.enqueue("insert into effects (message_id, number) values ($1, $2)", message.envelope.messageID, Int32(message.payload.number))
            return .done()
        }
    }

    @Test func `middleware runs around every handler and its preparation, the first one outermost`() async throws {
        try await WorkerRig.with { rig in
            let seen = Seen<String>()
            try await rig.working(
                OneByOne(), AskingHandler(), middleware: [Noting(name: "outer", seen: seen), Noting(name: "inner", seen: seen)]
            ) { _ in
                try await rig.publish([try rig.message(7)])
                try await rig.waitForEffects(1)
                try await rig.publish([try rig.note(1)])
                try await rig.waitForEffects(2)
            }
            #expect(try await rig.effects() == [2, 7])
            #expect(
                seen.all == [
                    "outer before 1 tests.tally", "inner before 1 tests.tally", "inner after", "outer after",
                    "outer prepares tests.note", "inner prepares tests.note",
                    "outer before 1 tests.note", "inner before 1 tests.note", "inner after", "outer after",
                ])
        }
    }

    @Test func `a message that middleware rejects is rejected alone, and the handler never sees it`() async throws {
        try await WorkerRig.with { rig in
            try await rig.working(OneByOne(), middleware: [EvenOnly()]) { _ in
                try await rig.publish(0..<100)
                try await eventually("all are handled") { try await rig.database.value("select count(*) from inbox") == "100" }
            }
            #expect(try await rig.effects() == Array(stride(from: 0, to: 100, by: 2)))
            #expect(try await rig.database.value("select count(*) from inbox where outcome = 'rejected' and problem ->> 'code' = 'invalid'") == "50")
        }
    }
}
