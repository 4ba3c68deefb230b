public import Conveyor
import Logging
public import Postgres
import RabbitMQ
import ServiceLifecycle
import Transfer

/// Runs a worker in the process of a test, on a real broker and a real database, and says what became of each message.
///
///     try await WorkerHarness.run(queue: "thumbnails", services, handlers: { $0.on(MakeThumbnail.self) { … } }) { harness in
///         let outcome = try await harness.outcome(of: harness.send(MakeThumbnail(picture: "a.jpg", width: 200)))
///         #expect(outcome.ending == .succeeded)
///         #expect(try outcome.emitted(ThumbnailMade.self).map(\.picture) == ["a.jpg"])
///     }
public struct WorkerHarness: Sendable {
    /// Where the test's broker and database are. What the worker needs is made there, and left there: give each test its own, or its own queue.
    public struct Services: Sendable {
        /// `DATABASE_URL`, of a role that may create tables.
        public var database: String
        /// `AMQP_URL`
        public var broker: String
        /// `RABBITMQ_API`
        public var management: String

        /// The services at these addresses.
        public init(database: String, broker: String, management: String) {
            self.database = database
            self.broker = broker
            self.management = management
        }
    }

    /// The worker's connections to the database, to arrange and to look.
    public let pool: PostgresPool
    /// Sends from outside of a handler.
    public let sender: Sender
    private let queue: String

    /// Runs a worker for as long as `body` does; then it finishes what it holds.
    /// - Parameters:
    ///   - migrations: the application's own tables.
    ///   - retryDelays: seconds before each further attempt: one of a second, unless a test needs more.
    ///   - handlers: registers the handlers, and middleware.
    /// - Throws: what `body` throws; `MigrationError`, `ManagementAPI.Refused` or `Unavailable` if the services are not there.
    public static func run<Result: Sendable>(
        queue: String, _ services: Services, migrations: [Migration] = [], retryDelays: [Int] = [1],
        handlers register: (inout HandlerRegistry) -> Void, isolation: isolated (any Actor)? = #isolation,
        _ body: (WorkerHarness) async throws -> Result
    ) async throws -> Result {
        var handlers = HandlerRegistry()
        register(&handlers)
        let ladder = RetryLadder(delays: retryDelays)
        let application = ConveyorApplication(topology: Definitions(queues: [queue: handlers.events]))
        let logger = Logger(label: "harness") { _ in SwiftLogNoOpLogHandler() }
        let pool = try PostgresPool(url: services.database, size: 4, applicationName: "harness", statementTimeout: .seconds(30), logger: logger)
        try await HandlerHarness.migrate(pool, migrations)
        let node = try BrokerConfiguration(urls: services.broker, connectionName: "harness")
        try await ManagementAPI(
            url: services.management, vhost: node.nodes[0].virtualHost, client: HTTPClient(userAgent: "conveyor-harness")
        ).apply(application.topology.with(ladder))

        let publisher = Publisher(configuration: node, logger: logger)
        let consumer = Consumer(configuration: node, queue: .named(queue), prefetch: 1, logger: logger)
        let worker = Worker(
            queue: queue, of: application, handlers: handlers, ladder: ladder, limits: .init(lanes: 1, batchSize: 128, prefetch: 512), pool: pool,
            publisher: publisher, consumer: consumer, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [pool, publisher, consumer, worker], logger: logger))
        let running = Task { try await group.run() }
        do {
            try await publisher.waitUntilConnected(timeout: .seconds(20))
            let result = try await body(
                WorkerHarness(pool: pool, sender: Sender(publisher: publisher, pool: pool, appID: "harness"), queue: queue))
            await group.triggerGracefulShutdown()
            try await running.value
            return result
        } catch {
            running.cancel()
            _ = await running.result
            throw error
        }
    }

    /// Sends a message to the worker, confirmed by the broker.
    /// - Returns: its id.
    @discardableResult
    public func send(_ message: some Message, id: ID? = nil, actor: String = "system") async throws -> ID {
        try await self.sender.send(message, id: id, actor: actor)
    }

    /// Did not end in time.
    public struct NotEnded: Error, CustomStringConvertible {
        /// Which message, and what was seen of it.
        public let description: String
    }

    private static let handled: Statement = """
        select result::text, problem::text, coalesce(emitted::text, '[]') from inbox where message_id = $1 and consumer = $2
        """
    private static let failed: Statement = """
        select attempt, error_type, error, next_at is null from attempts where message_id = $1 and queue = $2 order by id
        """

    /// Waits until a message has taken effect, was rejected, or is a dead letter.
    /// - Throws: ``NotEnded``
    public func outcome(of id: ID, within limit: Duration = .seconds(30)) async throws -> MessageOutcome {
        let deadline = ContinuousClock.now + limit
        while true {
            let answers = try await self.pool.pipeline([Call(Self.handled, id, self.queue), Call(Self.failed, id, self.queue)])
            let attempts = try answers[1].map { row in
                MessageOutcome.FailedAttempt(
                    number: Int(try row[0, as: Int16.self]), errorType: ErrorType(try row[1, as: String.self]), error: try row[2, as: String.self],
                    isLast: try row[3, as: Bool.self])
            }
            if let row = answers[0].first {
                let (result, problem, emitted) = try row.decode((String?, String?, String).self)
                let ending: MessageOutcome.Ending =
                    if let problem { .rejected(try JSON.decode(Problem.self, from: Array(problem.utf8))) } else { .succeeded }
                return MessageOutcome(
                    ending: ending, result: try result.map { try JSON.decode(JSONValue.self, from: Array($0.utf8)) },
                    emitted: try JSON.decode([MessageOutcome.Emitted].self, from: Array(emitted.utf8)), failedAttempts: attempts)
            }
            if let last = attempts.last, last.isLast {
                return MessageOutcome(ending: .dead(last.errorType, last.error), result: nil, emitted: [], failedAttempts: attempts)
            }
            guard ContinuousClock.now < deadline else {
                throw NotEnded(description: "message \(id) has not ended within \(limit); failed attempts: \(attempts.map(\.error))")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// What became of a message.
public struct MessageOutcome: Sendable {
    /// How it ended.
    public enum Ending: Sendable, Equatable {
        /// It took effect.
        case succeeded
        /// The business said no.
        case rejected(Problem)
        /// A person must look at it: it lies in `<queue>.dead`.
        case dead(ErrorType, String)
    }

    /// A message that its handler emitted.
    public struct Emitted: Sendable, Decodable, Equatable {
        /// Its type, e.g. `thumbnails.made`.
        public let type: String
        /// The exchange that it goes to.
        public let exchange: String
        /// What it carries.
        public let payload: JSONValue
    }

    /// An attempt that failed.
    public struct FailedAttempt: Sendable, Equatable {
        /// From 1.
        public let number: Int
        /// Which kind of dead letter it becomes, or became.
        public let errorType: ErrorType
        /// For a person.
        public let error: String
        /// It was the last: the message is a dead letter.
        public let isLast: Bool
    }

    /// How it ended.
    public let ending: Ending
    /// The handler's result, if it gave one.
    public let result: JSONValue?
    /// What the handler emitted, in order.
    public let emitted: [Emitted]
    /// The attempts before, in order.
    public let failedAttempts: [FailedAttempt]

    /// The emitted messages of a type.
    /// - Throws: one is not the JSON of its type.
    public func emitted<Payload: Message>(_: Payload.Type) throws -> [Payload] {
        try self.emitted.filter { $0.type == Payload.type }.map { try JSON.decode(Payload.self, from: JSON.encode($0.payload)) }
    }
}
