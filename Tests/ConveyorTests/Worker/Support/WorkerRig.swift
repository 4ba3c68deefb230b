import Conveyor
import EventThread
import Fixtures
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

@testable import ExampleWorker

/// The queue `tests` with a retry schedule of one second, a queue `heard` of all events, and a database with the table `effects`, for workers of
/// this process or others.
struct WorkerRig: Sendable {
    let database: TestDatabase
    let host: VirtualHost
    private let publisher: Publisher

    static func with<Result>(
        database: TestDatabase? = nil, deliveryLimit: Int = 20, isolation: isolated (any Actor)? = #isolation,
        _ body: (WorkerRig) async throws -> Result
    ) async throws -> Result {
        guard let database else {
            return try await withDatabase { try await WorkerRig.with(database: $0, deliveryLimit: deliveryLimit, body) }
        }
        try await database.psql(TallyHandler.table)
        return try await withVirtualHost { host in
            try await host.declareWorkQueue("tests", delays: [1], deliveryLimit: deliveryLimit)
            try await host.declareQueue("heard")
            try await host.bind("heard", to: "events", routingKey: "#")
            return try await withPublisher(host.amqpURL) { publisher in
                try await body(WorkerRig(database: database, host: host, publisher: publisher))
            }
        }
    }

    // MARK: The worker

    /// Runs a worker in this process until `body` ends; then it drains.
    func working<Result: Sendable>(
        _ handlers: any Handler..., middleware: [any Middleware] = [], lanes: Int = 2, prefetch: Int = 512, statementTimeout: Duration = .seconds(30),
        lockTimeout: Duration? = nil,
        longestStay: Duration = .seconds(1200), isolation: isolated (any Actor)? = #isolation,
        _ body: (Worker) async throws -> Result
    ) async throws -> Result {
        // As in an executable: everything on one thread.
        let thread = EventThread(name: "worker")
        defer { thread.stop() }
        let pool = try PostgresPool(
            url: self.database.url, size: lanes + 2, applicationName: "tests-worker", statementTimeout: statementTimeout,
            lockTimeout: lockTimeout, thread: thread, logger: .silent)
        func configuration(_ name: String) throws -> BrokerConfiguration { try .init(urls: self.host.amqpURL, connectionName: name) }
        let publisher = Publisher(configuration: try configuration("worker publisher"), thread: thread, logger: .silent)
        let consumer = Consumer(
            configuration: try configuration("worker consumer"), queue: .named("tests"), prefetch: 1, thread: thread, logger: .silent)
        var registry = HandlerRegistry(handlers)
        for middleware in middleware { registry.use(middleware) }
        let worker = Worker(
            queue: "tests", of: .shop, handlers: registry, ladder: RetryLadder(delays: [1]),
            limits: .init(lanes: lanes, batchSize: 64, prefetch: prefetch, longestStay: longestStay), pool: pool, publisher: publisher,
            consumer: consumer,
            thread: thread, logger: .silent)
        let group = ServiceGroup(configuration: .init(services: [pool, publisher, consumer, worker], logger: .silent))
        let running = Task { try await group.run() }
        do {
            let result = try await body(worker)
            await group.triggerGracefulShutdown()
            try await running.value
            return result
        } catch {
            running.cancel()
            _ = await running.result
            throw error
        }
    }

    /// The settings of a worker process.
    var settings: [String: String] {
        [
            "DATABASE_URL": self.database.url, "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "RETRY_DELAYS": "1",
            "LOG_SAMPLE": "0",
        ]
    }

    // MARK: Messages

    /// A message with this number, under a new id unless one is given.
    func message(_ number: Int, id: ID = .v7(milliseconds: UInt64(Clock.milliseconds()))) throws -> Outgoing {
        try Outgoing(
            Tally(number: number), envelope: Envelope(messageID: id, type: Tally.type, actor: "system", sentAt: Clock.milliseconds()), appID: "test")
    }

    /// A note of this number.
    func note(_ number: Int, by actor: String = "system") throws -> Outgoing {
        let now = Clock.milliseconds()
        return try Outgoing(
            Note(number: number), envelope: Envelope(messageID: .v7(milliseconds: UInt64(now)), type: Note.type, actor: actor, sentAt: now),
            appID: "test")
    }

    /// Publishes messages and expects each to be confirmed.
    func publish(_ messages: [Outgoing]) async throws {
        let failures = await self.publisher.publish(messages).compactMap(\.self)
        guard failures.isEmpty else { throw FixtureError("not published: \(failures)") }
    }

    /// Publishes messages with these numbers, each under a new id.
    func publish(_ numbers: some Sequence<Int>) async throws { try await self.publish(numbers.map { try self.message($0) }) }

    /// Takes messages from a queue until there are `count`.
    func taken(_ count: Int, from queue: String) async throws -> [Delivery] {
        try await withConsumer(self.host.amqpURL, queue: .named(queue)) { try await $0.takeAndAcknowledge(count, within: .seconds(90)) }
    }

    // MARK: Results

    /// The numbers in `effects`, sorted.
    func effects() async throws -> [Int] {
        try await self.database.psql("select number from effects order by number").compactMap { $0[0].flatMap { Int($0) } }
    }

    /// Waits until `effects` has this number of rows.
    func waitForEffects(_ count: Int, within limit: Duration = .seconds(90)) async throws {
        try await eventually("\(count) effects", within: limit, every: .milliseconds(50)) { try await self.effects().count >= count }
    }

    /// The number of recorded failed attempts.
    func attempts() async throws -> Int? { try await self.database.value("select count(*) from attempts").flatMap { Int($0) } }

    /// The prefetch counts of the queue's consumers.
    func consumers() async throws -> [Int] { try await self.host.consumers("tests") }

    /// Unacknowledged messages, as the broker counted them half a second ago.
    func held() async throws -> Int { try await self.host.unacknowledged("tests") }

    /// The messages in the queue; call it when no worker holds any.
    func left() async throws -> Int? { try await self.host.ready("tests") }
}

/// A second command beside ``Tally``.
struct Note: Command {
    static let type = "tests.note"

    var number: Int
}

/// Writes each number into the table `notes`.
struct NoteHandler: Handler {
    static let table = "create table notes (number int not null, at timestamptz not null default clock_timestamp())"

    func handle(_ batch: [Received<Note, Void>], in transaction: Transaction) async throws -> [Reply] {
        transaction.enqueue("insert into notes (number) select unnest($1::int4[])", batch.map { Int32($0.payload.number) })
        return batch.map { _ in .done() }
    }
}

/// Values that tasks have recorded, in order.
final class Seen<Value: Sendable>: Sendable {
    private let list = Mutex<[Value]>([])
    var all: [Value] { self.list.withLock { $0 } }
    func add(_ value: Value) { self.list.withLock { $0.append(value) } }
}

/// A gate that is shut until a test opens it.
final class Door: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    func open() { self.continuation.finish() }
    func pass() async { for await _ in self.stream {} }
}
