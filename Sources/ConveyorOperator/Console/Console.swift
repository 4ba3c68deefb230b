import ArgumentParser
import Conveyor
import Hummingbird
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle

/// `conveyor console`: the process `console`, the operators' web console.
///
/// Pages are rendered on the server and work without JavaScript; a small script keeps them up to date. Nothing is loaded from other hosts.
struct Console: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the web console on CONSOLE_PORT. Ends on SIGTERM.")

    @OptionGroup var options: PartOptions

    func run() async throws {
        let application = OperatorApplication.current
        try await Part.run("console", of: application.conveyor, options: self.options) { settings, logger in
            let context = CommandContext(application: application, settings: settings, logger: logger)
            let definitions = try context.topology()
            let api = try context.managementAPI()
            let pool = try PostgresPool(
                url: settings.databaseURL(), size: settings.int("DATABASE_POOL_SIZE", default: 10, in: (2 * ReplayJobs.sideBySide + 2)...64),
                applicationName: "console",
                statementTimeout: .seconds(15), logger: logger)
            let publisher = Publisher(
                configuration: try BrokerConfiguration(
                    urls: settings.brokerURLs(), connectionName: "console publisher", tlsCAFile: settings.string("TLS_CA_FILE")),
                logger: logger)
            let sessions = try Sessions(settings: settings, pool: pool)
            let people = People(pool: pool)
            let address = try ConsoleAddress(settings)
            let provider = try OpenIDProvider.Configuration(settings, address: address).map {
                try OpenIDProvider($0, caFile: settings.string("TLS_CA_FILE"))
            }
            let waiting = try context.waiting(pool)
            let queues = definitions.workQueues
            Metrics.observe(pool)
            Metrics.observe(publisher)
            let deadLetters = context.deadLetters(pool)
            let traces = TraceStore(application: application, pool: pool)
            let watch = Watch(queues: QueueBoard(api: api, definitions: definitions, pool: pool), deadLetters: deadLetters)
            let jobs = ReplayJobs(pool: pool, publisher: publisher, logger: logger)
            let server = try ConsoleServer(settings: settings, logger: logger) { isTLS in
                let assets = Assets()
                let renderer = try Renderer(application: application, assets: assets, isTLS: isTLS, openDeadLetters: { watch.openDeadLetters })
                let router = Self.router(sessions: sessions, renderer: renderer, isTLS: isTLS, logger: logger)
                assets.add(to: router)
                let signIn = SignInPage(sessions: sessions, people: people, hasProvider: provider != nil, renderer: renderer, logger: logger)
                signIn.add(to: router)
                if let provider { OpenIDPage(provider: provider, sessions: sessions, signIn: signIn, logger: logger).add(to: router) }
                AccountPage(sessions: sessions, people: people, signIn: signIn, renderer: renderer, logger: logger).add(to: router)
                PeoplePage(people: people, address: address, renderer: renderer).add(to: router)
                OverviewPage(watch: watch, deadLetters: deadLetters, renderer: renderer).add(to: router)
                QueueActs(pool: pool, queues: queues, watch: watch).add(to: router)
                DeadLettersPage(deadLetters: deadLetters, queues: queues, renderer: renderer).add(to: router)
                BulkPage(deadLetters: deadLetters, jobs: jobs, queues: queues, publisher: publisher, renderer: renderer).add(to: router)
                DeadLetterPage(deadLetters: deadLetters, publisher: publisher, traces: traces, renderer: renderer).add(to: router)
                WorkPages(pool: pool, publisher: publisher, waiting: waiting, queues: queues, renderer: renderer).add(to: router)
                FiguresPages(pool: pool, renderer: renderer).add(to: router)
                JobsPage(jobs: jobs, renderer: renderer).add(to: router)
                TracePage(traces: traces, renderer: renderer).add(to: router)
                AuditPage(log: AuditLog(pool: pool), renderer: renderer).add(to: router)
                SearchPage(deadLetters: deadLetters, jobs: jobs, queues: queues, renderer: renderer).add(to: router)
                application.console.pages(
                    ConsoleParts(application: application, pool: pool, publisher: publisher, renderer: renderer), router)
                return router
            }
            let unready: @Sendable () async -> [String] = {
                var reasons = pool.isReachable ? [] : ["database: not reachable"]
                if let unreadiness = publisher.unreadiness { reasons.append("broker: \(unreadiness)") }
                if !server.isListening { reasons.append("http: not listening") }
                return reasons
            }
            let health = try HealthServer(settings: settings, logger: logger, unready: unready)
            let start = try StartTimeout(settings: settings, logger: logger, unready: unready)
            return (health.map { [$0] } ?? []) + [pool, publisher, start, watch, jobs, server]
        }
    }

    /// The middleware of every request, outermost first.
    private static func router(sessions: Sessions, renderer: Renderer, isTLS: Bool, logger: Logger) -> Router<ConsoleContext> {
        let router = Router(context: ConsoleContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: RequestLog(logger: logger))
        router.add(middleware: SecurityHeaders(isTLS: isTLS))
        router.add(middleware: SessionReader(sessions: sessions))
        router.add(middleware: ErrorPages(renderer: renderer, logger: logger))
        router.add(middleware: AccessCheck())
        return router
    }
}
