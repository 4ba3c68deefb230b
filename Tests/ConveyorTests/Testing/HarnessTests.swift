import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Testing

@testable import ExampleWorker

@Suite struct HarnessTests {
    private func harness(_ handlers: (inout HandlerRegistry) -> Void, _ body: (WorkerHarness) async throws -> Void) async throws {
        try await withDatabase(migrations: []) { database in
            try await withVirtualHost { host in
                try await WorkerHarness.run(
                    queue: "tests", .init(database: database.url, broker: host.amqpURL, management: host.apiURL),
                    migrations: [Migration(name: "0001_effects", sql: TallyHandler.table)], handlers: handlers, body)
            }
        }
    }

    @Test func `the harness shows the effects of a message and its emitted messages`() async throws {
        try await self.harness({ $0.register(TallyHandler()) }) { harness in
            let outcome = try await harness.outcome(of: harness.send(Tally(number: 7)))
            #expect(outcome.ending == .succeeded && outcome.failedAttempts.isEmpty)
            #expect(outcome.result == .object(["number": .int(7)]))
            #expect(try outcome.emitted(Counted.self) == [Counted(number: 7)])
            #expect(outcome.emitted.map(\.exchange) == ["events"])
        }
    }

    @Test func `the harness shows rejections, retries and dead letters`() async throws {
        try await self.harness({ handlers in
            handlers.on(Tally.self) { message, _ in
                switch message.payload.number {
                case 1: throw Problem(.invalid, "not one")
                case 2 where message.envelope.attempt == 1: throw Transient("not yet")
                case 3: throw Transient("never")
                case 4: throw Poison(.invalidPayload, "not four")
                default: return .done()
                }
            }
        }) { harness in
            var ids: [ID] = []
            for number in 1...4 { ids.append(try await harness.send(Tally(number: number))) }
            #expect(try await harness.outcome(of: ids[0]).ending == .rejected(Problem(.invalid, "not one")))
            let second = try await harness.outcome(of: ids[1])
            #expect(second.ending == .succeeded && second.failedAttempts.map(\.error) == ["not yet"])
            let third = try await harness.outcome(of: ids[2])
            #expect(third.ending == .dead(.attemptsExhausted, "never") && third.failedAttempts.map(\.number) == [1, 2])
            #expect(try await harness.outcome(of: ids[3]).ending == .dead(.invalidPayload, "not four"))
        }
    }

    /// A note whose handler has a `prepare`.
    private struct AskingHandler: Handler {
        func prepare(_ message: Note, _ envelope: Envelope) async throws -> Int {
            guard message.number > 0 else { throw Transient("not there") }
            return message.number + 1
        }
        func handle(_ batch: [Received<Note, Int>], in transaction: Transaction) async throws -> [Reply] {
            batch.map { .done(emits: [Counted(number: $0.prepared)]) }
        }
    }

    @Test func `handlers run without a broker, with their middleware, once per message, and failures are shown`() async throws {
        struct NoSevens: Middleware {
            func handle(_ batch: MessageBatch, in transaction: Transaction, next: @Sendable () async throws -> [Reply]) async throws -> [Reply] {
                if batch.messages.contains(where: { ($0.payload as? Note)?.number == 7 }) { throw Poison(.invalidPayload, "seven") }
                return try await next()
            }
        }
        try await withDatabase(migrations: []) { database in
            let pool = try PostgresPool(url: database.url, size: 2, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
            try await HandlerHarness.migrate(pool)
            var handlers = HandlerRegistry([AskingHandler()])
            handlers.use(NoSevens())
            let harness = HandlerHarness(queue: "tests", handlers: handlers, pool: pool)
            let first = SentMessage(Note(number: 1))
            #expect(try await harness.take([first])[0].reply.emits.compactMap { ($0 as? Counted)?.number } == [2])
            // It is redelivered, together with one that must be retried and one that is poison.
            let outcomes = try await harness.take([first, SentMessage(Note(number: 0)), SentMessage(Note(number: 7)), SentMessage(Note(number: 2))])
            guard case .known(let emitted) = outcomes[0], case .retried("not there") = outcomes[1],
                case .dead(.invalidPayload, "seven") = outcomes[2]
            else { throw FixtureError("\(outcomes)") }
            #expect(emitted.map(\.type) == [Counted.type])
            #expect(try outcomes[3].reply.emits.count == 1)
            guard case .dead(.unknownType, _) = try await harness.take([SentMessage(Tally(number: 1))])[0] else { throw FixtureError("handled") }
            guard case .dead(.attemptsExhausted, _) = try await harness.take([SentMessage(Note(number: 0), attempt: 7)])[0] else {
                throw FixtureError("not given up")
            }
            #expect(throws: HandlerHarness.NotHandled.self) { try outcomes[1].reply }
            #expect(try await database.value("select count(*) from inbox") == "2")
            await pool.close()
        }
    }

    @Test func `a message without a handler does not end, and the harness names it`() async throws {
        try await self.harness({ $0.register(TallyHandler()) }) { harness in
            let id = ID(high: 1, low: 2)
            let error = await #expect(throws: WorkerHarness.NotEnded.self) { try await harness.outcome(of: id, within: .milliseconds(50)) }
            #expect(error?.description.contains(id.description) == true)
        }
    }
}
