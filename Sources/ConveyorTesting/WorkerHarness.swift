public import Conveyor
import Logging
public import Postgres
import RabbitMQ
import ServiceLifecycle
import Transfer

/// Runs a worker within the test's process, on a real broker and a real database, and returns the result of each message.
///
///     try await WorkerHarness.run(queue: "thumbnails", services, handlers: { $0.on(MakeThumbnail.self) { … } }) { harness in
///         let outcome = try await harness.outcome(of: harness.send(MakeThumbnail(picture: "a.jpg", width: 200)))
///         #expect(outcome.ending == .succeeded)
///         #expect(try outcome.emitted(ThumbnailMade.self).map(\.picture) == ["a.jpg"])
///     }
public struct WorkerHarness: Sendable {
    /// The addresses of broker and database. The harness creates queues and tables there and does not remove them, so give each test its
    /// own services or its own queue.
    public struct Services: Sendable {
        /// `DATABASE_URL` of a role that may create tables.
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

    /// The worker's connections to the database, for the test's own statements.
    public let pool: PostgresPool
    /// Sends messages from outside a handler.
    public let sender: Sender
    private let queue: String

    /// Runs a worker while `body` runs; then the worker finishes its messages.
    /// - Parameters:
    ///   - migrations: the application's own tables.
    ///   - retryDelays: seconds before each further attempt; by default one retry after a second.
    ///   - register: registers the handlers, and middleware.
    /// - Throws: errors of `body`; `MigrationError`, `ManagementAPI.Refused` or `Unavailable` if a service is missing.
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

    /// A message did not end in time.
    public struct NotEnded: Error, CustomStringConvertible {
        /// The message, and its state so far.
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

/// The result of a message.
public struct MessageOutcome: Sendable {
    /// The end of a message.
    public enum Ending: Sendable, Equatable {
        /// It took effect.
        case succeeded
        /// It was rejected: an answer, not a failure.
        case rejected(Problem)
        /// It is a dead letter in `<queue>.dead`.
        case dead(ErrorType, String)
    }

    /// A message that its handler emitted.
    public struct Emitted: Sendable, Decodable, Equatable {
        /// Its type, e.g. `thumbnails.made`.
        public let type: String
        /// The exchange to which it is published.
        public let exchange: String
        /// The payload.
        public let payload: JSONValue
    }

    /// An attempt that failed.
    public struct FailedAttempt: Sendable, Equatable {
        /// From 1.
        public let number: Int
        /// The error type of the dead letter that it is, or would be after the last attempt.
        public let errorType: ErrorType
        /// The error as text for a person.
        public let error: String
        /// Whether it was the last attempt: the message is a dead letter.
        public let isLast: Bool
    }

    /// The end of a message.
    public let ending: Ending
    /// The handler's result, if it gave one.
    public let result: JSONValue?
    /// The emitted messages, in order.
    public let emitted: [Emitted]
    /// The failed attempts before, in order.
    public let failedAttempts: [FailedAttempt]

    /// The emitted messages of a type.
    /// - Throws: if the payload of one does not decode.
    public func emitted<Payload: Message>(_: Payload.Type) throws -> [Payload] {
        try self.emitted.filter { $0.type == Payload.type }.map { try JSON.decode(Payload.self, from: JSON.encode($0.payload)) }
    }
}
