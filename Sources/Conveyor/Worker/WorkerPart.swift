import EventThread
public import Logging
public import Postgres
public import RabbitMQ
public import ServiceLifecycle

/// What every worker executable is made of; its `main` names the queue and the handlers, the rest is here.
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
    /// The part's settings.
    public let settings: Settings
    /// The part's logger.
    public let logger: Logger
    /// Batches in work side by side.
    public let lanes: Int
    /// The part's connections to the database, for reads outside of a handler's transaction.
    public let pool: PostgresPool
    /// The part's publisher, for what no message caused: timers.
    public let publisher: Publisher
    /// Sends what no message caused.
    public let sender: Sender
    /// What it handles.
    public private(set) var handlers = HandlerRegistry()
    /// What runs beside the handlers: timers, clients.
    public private(set) var services: [any Service] = []
    /// What recurs.
    private(set) var schedules: [Schedule] = []

    /// Adds handlers.
    public mutating func handle(_ handlers: any Handler...) { self.handle(handlers) }

    /// Adds handlers.
    public mutating func handle(_ handlers: [any Handler]) {
        for handler in handlers { self.handlers.register(handler) }
    }

    /// Adds a handler that is a closure: it gets one message at a time.
    /// - Parameters:
    ///   - policy: how its messages are tried.
    ///   - body: writes the effects of the message in the transaction; throws what a ``Handler`` may throw.
    public mutating func on<Input: Message>(
        _ type: Input.Type, policy: Policy = Policy(),
        _ body: @escaping @Sendable (_ message: Received<Input, Void>, _ transaction: Transaction) async throws -> Reply
    ) {
        self.handlers.on(type, policy: policy, body)
    }

    /// Has middleware run around every handler; the first is the outermost.
    public mutating func use(_ middleware: any Middleware...) {
        for middleware in middleware { self.handlers.use(middleware) }
    }

    /// Adds a service: started before the worker, ended after it.
    public mutating func serve(_ service: any Service) { self.services.append(service) }

    /// Adds work that recurs: it runs once however many replicas of the worker there are, and operators see it, pause it and run it at once.
    public mutating func schedule(
        _ name: String, _ recurrence: Schedule.Recurrence, runsAtStart: Bool = false, work: @escaping @Sendable () async throws -> Schedule.Done
    ) {
        self.schedule(Schedule(name, recurrence, runsAtStart: runsAtStart, work: work))
    }

    /// Adds work that recurs.
    public mutating func schedule(_ schedule: Schedule) { self.schedules.append(schedule) }

    /// Runs the worker of a queue until SIGTERM.
    /// - Parameter concurrency: batches side by side, unless `CONCURRENCY` says otherwise. One where handlers only write to the database: what arrives
    ///   meanwhile is the next batch, and the larger a batch, the less each message of it costs. More where they wait for someone outside.
    /// - Throws: what makes the process exit: see `Part`.
    public static func run(
        queue: String, of application: ConveyorApplication, concurrency: Int = 1, options: PartOptions,
        assemble: @escaping @Sendable (inout WorkerPart) async throws -> Void
    ) async throws {
        try await self.run(queue: queue, of: application, concurrency: concurrency, options: options, assemble: assemble) { _ in application }
    }

    /// - Parameter complete: what the application is once the handlers are known; called before anything is checked.
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
            // Everything that a message passes through is on one thread: at each hop to another one it would wait for that to wake up.
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
            // Ended in the reverse order: the worker first, so that what it still holds can be written and published.
            return (health.map { [$0] } ?? []) + [pool, publisher, consumer, start] + part.services + [worker]
        }
    }

    /// A part without handlers, and its connections.
    static func make(queue: String, lanes: Int, settings: Settings, thread: EventThread? = nil, logger: Logger) throws -> WorkerPart {
        let pool = try PostgresPool(
            url: settings.databaseURL(), size: lanes + 2, applicationName: "\(queue)-worker", statementTimeout: .seconds(30),
            lockTimeout: .seconds(5), thread: thread, logger: logger)
        let publishing = try BrokerConfiguration(
            urls: settings.brokerURLs(), connectionName: "\(queue)-worker publisher", tlsCAFile: settings.string("TLS_CA_FILE"))
        let publisher = Publisher(configuration: publishing, thread: thread, logger: logger)
        return WorkerPart(
            settings: settings, logger: logger, lanes: lanes, pool: pool, publisher: publisher,
            sender: Sender(publisher: publisher, pool: pool, appID: queue))
    }

    private init(settings: Settings, logger: Logger, lanes: Int, pool: PostgresPool, publisher: Publisher, sender: Sender) {
        self.settings = settings
        self.logger = logger
        self.lanes = lanes
        self.pool = pool
        self.publisher = publisher
        self.sender = sender
    }

    /// An application of one worker, with the topology that these handlers need.
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
