import EventThread
public import Logging
public import Postgres
public import RabbitMQ
public import ServiceLifecycle

/// The common parts of every worker executable; its `main` names the queue and the handlers.
///
///     @main
///     struct OrdersWorker: AsyncParsableCommand {
///         @OptionGroup var options: PartOptions
///         func run() async throws {
///             try await WorkerPart.run(queue: "orders", of: .shop, options: self.options) { parts in
///                 try parts.handle(PlaceOrder(settings: parts.settings), CancelOrder())
///             }
///         }
///     }
public struct WorkerPart: Sendable {
    /// The process' settings.
    public let settings: Settings
    /// The process' logger.
    public let logger: Logger
    /// Batches at the same time.
    public let lanes: Int
    /// The process' connections to the database, for reads outside of a handler's transaction.
    public let pool: PostgresPool
    /// The process' publisher, for messages without a cause, such as those of timers.
    public let publisher: Publisher
    /// Sends messages without a cause. The processes of a ``WorkerProgram`` publish those that wait for their time.
    public let sender: Sender
    /// The steps of the retry schedule.
    public let ladder: RetryLadder
    /// The handlers.
    public private(set) var handlers = HandlerRegistry()
    /// The services beside the handlers: timers, clients.
    public private(set) var services: [any Service] = []
    /// The schedules.
    private(set) var schedules: [Schedule] = []

    /// Adds handlers.
    public mutating func handle(_ handlers: any Handler...) { self.handle(handlers) }

    /// Adds handlers.
    public mutating func handle(_ handlers: [any Handler]) {
        for handler in handlers { self.handlers.register(handler) }
    }

    /// Adds a handler as a closure, which gets one message at a time.
    /// - Parameters:
    ///   - policy: the limits and attempts of its messages.
    ///   - body: writes the effects of the message in the transaction; throws what a ``Handler`` may throw.
    public mutating func on<Input: Message>(
        _ type: Input.Type, policy: Policy = Policy(),
        _ body: @escaping @Sendable (_ message: Received<Input, Void>, _ transaction: Transaction) async throws -> Reply
    ) {
        self.handlers.on(type, policy: policy, body)
    }

    /// Runs middleware around every handler; the first one is the outermost.
    public mutating func use(_ middleware: any Middleware...) {
        for middleware in middleware { self.handlers.use(middleware) }
    }

    /// Adds a service: started before the worker, ended after it.
    public mutating func serve(_ service: any Service) { self.services.append(service) }

    /// Adds recurring work: it runs once however many replicas of the worker there are, and operators can see it, pause it and run it at once.
    public mutating func schedule(
        _ name: String, _ recurrence: Schedule.Recurrence, runsAtStart: Bool = false, work: @escaping @Sendable () async throws -> Schedule.Done
    ) {
        self.schedule(Schedule(name, recurrence, runsAtStart: runsAtStart, work: work))
    }

    /// Adds recurring work.
    public mutating func schedule(_ schedule: Schedule) { self.schedules.append(schedule) }

    /// Runs the worker of a queue until SIGTERM.
    /// - Parameter concurrency: batches at the same time, unless `CONCURRENCY` is set. One for handlers that only write to the database: the next
    ///   batch collects meanwhile, and larger batches cost less per message. More for handlers that wait for external services.
    /// - Throws: errors that end the process: see `Part`.
    public static func run(
        queue: String, of application: ConveyorApplication, concurrency: Int = 1, options: PartOptions,
        assemble: @escaping @Sendable (inout WorkerPart) async throws -> Void
    ) async throws {
        try await self.run(queue: queue, of: application, concurrency: concurrency, options: options, assemble: assemble) { _ in application }
    }

    /// - Parameter complete: the complete application once the handlers are known; called before any check.
    static func run(
        queue: String, of application: ConveyorApplication, concurrency: Int, options: PartOptions,
        assemble: @escaping @Sendable (inout WorkerPart) async throws -> Void,
        complete: @escaping @Sendable (WorkerPart) async throws -> ConveyorApplication
    ) async throws {
        try await Part.run("\(queue)-worker", of: application, options: options) { settings, logger in
            let lanes = try settings.int("CONCURRENCY", default: concurrency, in: 1...64)
            let batchSize = try settings.int("BATCH_SIZE", default: 128, in: 1...2000)
            let prefetch = try settings.int("PREFETCH", default: 4 * batchSize, in: 1...2000)
            let logSample = try settings.int("LOG_SAMPLE", in: 0...1_000_000)
            let ladder = try RetryLadder(settings)
            // All clients that a message passes are on one thread: each hop to another one would wait for its wake-up.
            let thread = EventThread(name: queue)
            var part = try WorkerPart.make(queue: queue, lanes: lanes, settings: settings, thread: thread, logger: logger)
            let (pool, publisher) = (part.pool, part.publisher)
            let consuming = try BrokerConfiguration(
                urls: settings.brokerURLs(), connectionName: "\(queue)-worker consumer", tlsCAFile: settings.string("TLS_CA_FILE"))
            let consumer = Consumer(configuration: consuming, queue: .named(queue), prefetch: 1, thread: thread, logger: logger)

            Metrics.misconfigured(false)
            Metrics.observe(pool)
            Metrics.observe(consumer)
            Metrics.observe(publisher)

            try await assemble(&part)
            let application = try await complete(part)
            let timeout = try settings.seconds("START_TIMEOUT")
            try await TopologyCheck(settings: settings, queue: queue, definitions: application.topology.with(ladder)).verify(timeout: timeout)
            try await SchemaCheck(pool: pool, migrations: application.migrations).verify(timeout: timeout)

            let worker = Worker(
                queue: queue, of: application, handlers: part.handlers, ladder: ladder,
                limits: .init(lanes: lanes, batchSize: batchSize, prefetch: prefetch),
                pool: pool, publisher: publisher, consumer: consumer, thread: thread, logger: logger, logSample: logSample)
            if !part.schedules.isEmpty { part.serve(Scheduler(part.schedules, pool: pool, logger: logger)) }
            let unready: @Sendable () async -> [String] = { worker.unready }
            let health = try HealthServer(settings: settings, logger: logger, unready: unready)
            let start = try StartTimeout(settings: settings, logger: logger, unready: unready)
            // Ended in reverse order: the worker first, so that its messages can still be written and published.
            return (health.map { [$0] } ?? []) + [pool, publisher, consumer, start] + part.services + [worker]
        }
    }

    /// A worker without handlers, and its connections.
    static func make(queue: String, lanes: Int, settings: Settings, thread: EventThread? = nil, logger: Logger) throws -> WorkerPart {
        let pool = try PostgresPool(
            url: settings.databaseURL(), size: lanes + 2, applicationName: "\(queue)-worker", statementTimeout: .seconds(30),
            lockTimeout: .seconds(5), thread: thread, logger: logger)
        let publishing = try BrokerConfiguration(
            urls: settings.brokerURLs(), connectionName: "\(queue)-worker publisher", tlsCAFile: settings.string("TLS_CA_FILE"))
        let publisher = Publisher(configuration: publishing, thread: thread, logger: logger)
        return WorkerPart(
            settings: settings, logger: logger, lanes: lanes, pool: pool, publisher: publisher,
            sender: Sender(publisher: publisher, pool: pool, appID: queue), ladder: try RetryLadder(settings))
    }

    private init(
        settings: Settings, logger: Logger, lanes: Int, pool: PostgresPool, publisher: Publisher, sender: Sender, ladder: RetryLadder
    ) {
        self.settings = settings
        self.logger = logger
        self.lanes = lanes
        self.pool = pool
        self.publisher = publisher
        self.sender = sender
        self.ladder = ladder
    }

    /// An application of one worker, with the topology for these handlers.
    func completed(_ application: ConveyorApplication, queue: String) -> ConveyorApplication {
        var application = application
        application.topology = Definitions(queues: [queue: self.handlers.events])
        return application
    }
}

extension RetryLadder {
    /// `RETRY_DELAYS`: seconds, ascending, comma-separated.
    public init(_ settings: Settings) throws(SettingError) {
        var delays: [Int] = []
        for word in settings.list("RETRY_DELAYS") {
            guard let seconds = Int(word), seconds >= 1, seconds > delays.last ?? 0 else {
                throw SettingError(name: "RETRY_DELAYS", reason: "is a list of whole seconds, each greater than the one before, e.g. 1,5,30")
            }
            delays.append(seconds)
        }
        self.init(delays: delays.isEmpty ? Self.standard.delays : delays)
    }
}
