import ArgumentParser
import Conveyor
import Postgres
import RabbitMQ
import ServiceLifecycle
import Transfer

/// `conveyor record`: the process `recorder`.
struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the recorder, which moves dead letters into Postgres. Ends on SIGTERM.")

    @OptionGroup var options: PartOptions

    func run() async throws {
        let application = OperatorApplication.current
        try await Part.run("recorder", of: application.conveyor, options: self.options) { settings, logger in
            let context = CommandContext(application: application, settings: settings, logger: logger)
            let definitions = try context.topology()
            let pool = try PostgresPool(
                url: settings.databaseURL(), size: 4, applicationName: "recorder", statementTimeout: .seconds(30), logger: logger)
            var consumers: [Consumer] = []
            var recorders: [Recorder] = []
            for queue in definitions.workQueues {
                let configuration = try BrokerConfiguration(
                    urls: settings.brokerURLs(), connectionName: "recorder \(queue)", tlsCAFile: settings.string("TLS_CA_FILE"))
                let consumer = Consumer(configuration: configuration, queue: .named(queue + ".dead"), prefetch: Recorder.prefetch, logger: logger)
                Metrics.observe(consumer, as: queue + ".dead")
                consumers.append(consumer)
                recorders.append(Recorder(application: application, queue: queue, consumer: consumer, pool: pool, logger: logger))
            }
            let publisher = Publisher(
                configuration: try BrokerConfiguration(
                    urls: settings.brokerURLs(), connectionName: "recorder publisher", tlsCAFile: settings.string("TLS_CA_FILE")),
                logger: logger)
            Metrics.observe(pool)
            Metrics.observe(publisher)
            let upkeep = Upkeep(
                board: QueueBoard(api: try context.managementAPI(), definitions: definitions, pool: pool), pool: pool, publisher: publisher,
                retentionDays: try settings.int("INBOX_RETENTION_DAYS", in: 1...3650), queueLimit: try settings.depthLimit(), logger: logger)
            let notifier = try Notifier(settings: settings, pool: pool, logger: logger)
            let unready: @Sendable () async -> [String] = { [consumers] in
                var reasons = pool.isReachable ? [] : ["database: not reachable"]
                if !consumers.allSatisfy(\.isConnected) {
                    reasons.append("broker: not connected")
                } else if let unreadiness = publisher.unreadiness {
                    reasons.append("broker: \(unreadiness)")
                }
                return reasons
            }
            var services: [any Service] = []
            if let health = try HealthServer(settings: settings, logger: logger, unready: unready) { services.append(health) }
            services += [pool, publisher] as [any Service] + consumers
            services.append(try StartTimeout(settings: settings, logger: logger, unready: unready))
            services += recorders
            services += [upkeep, Scheduler([upkeep.schedule], pool: pool, logger: logger)]
            services += application.recorderServices(pool, logger)
            if let notifier { services.append(notifier) }
            return services
        }
    }
}
