import ArgumentParser
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle

/// The command line of a ``WorkerProgram``.
struct WorkerCommand<Program: WorkerProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        // As it was typed, so that what the help shows can be typed.
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init)
        return Part.configuration(
            name ?? Program.queue, Program.abstract, settings: .all, of: Program.application, subcommands: [Run.self, Setup.self, Send.self],
            defaultSubcommand: Run.self)
    }

    struct Run: AsyncParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(abstract: "Update database and broker, then work until SIGTERM (the default).")
        }

        @OptionGroup var options: PartOptions
        @Flag(help: "Do not change database and broker; refuse to start if they are not up to date.") var noSetup = false

        func run() async throws {
            let setsUp = !self.noSetup
            try await WorkerPart.run(
                queue: Program.queue, of: Program.application, concurrency: Program.concurrency, options: self.options
            ) { part in
                try await Program.register(&part)
                let retention = try part.settings.int("INBOX_RETENTION_DAYS", in: 1...3650)
                part.schedule(.partitions(retentionDays: retention, pool: part.pool))
                part.serve(DelayedMessages(pool: part.pool, publisher: part.publisher, logger: part.logger))
            } complete: { part in
                let application = part.completed(Program.application, queue: Program.queue)
                if setsUp { try await WorkerSetup(part, application: application).apply() }
                let timeout = try part.settings.seconds("START_TIMEOUT")
                try await SchemaCheck(pool: part.pool, migrations: Migration.machinery, ledger: .machinery).verify(timeout: timeout)
                return application
            }
        }
    }

    struct Setup: AsyncParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(abstract: "Update database and broker, then exit: for a role with more rights than the worker's own.")
        }

        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Program.withPart(self.options) { part in
                try await WorkerSetup(part, application: part.completed(Program.application, queue: Program.queue)).apply()
            }
        }
    }

    struct Send: AsyncParsableCommand {
        static var configuration: CommandConfiguration { CommandConfiguration(abstract: "Send a message to the worker and print its id.") }

        @OptionGroup var options: PartOptions
        @Argument(help: "e.g. \(Program.queue).make") var type: String
        @Argument(help: "The payload as JSON.") var payload: String

        func run() async throws {
            try await Program.withPart(self.options) { part in
                guard let handler = part.handlers[self.type] else {
                    throw ValidationError("no handler takes `\(self.type)`; these types are handled: \(part.handlers.types.joined(separator: ", "))")
                }
                let now = Clock.milliseconds()
                let envelope = Envelope(messageID: .v7(milliseconds: UInt64(max(0, now))), type: self.type, actor: "operator:cli", sentAt: now)
                let body = Array(self.payload.utf8)
                do throws(Poison) { _ = try handler.decode(body, envelope) } catch { throw ValidationError(error.description) }
                let message = Outgoing(
                    exchange: handler.exchange, routingKey: self.type, mandatory: true, properties: envelope.properties(appID: "cli"), body: body)
                let publisher = part.publisher
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await publisher.run() }
                    defer { group.cancelAll() }
                    do {
                        try await publisher.waitUntilConnected(timeout: part.settings.seconds("START_TIMEOUT"))
                        try await publisher.publish(message)
                    } catch {
                        throw Unavailable("broker: \(error)")
                    }
                }
                print(envelope.messageID)
            }
        }
    }
}

extension WorkerProgram {
    /// The program with its handlers, for a command that ends on its own.
    fileprivate static func withPart(_ options: PartOptions, _ body: (WorkerPart) async throws -> Void) async throws {
        try await Part.perform("\(self.queue)-worker", of: self.application, options: options, log: .standardError) { settings, logger in
            var part = try WorkerPart.make(queue: self.queue, lanes: 1, settings: settings, logger: logger)
            do {
                try await self.register(&part)
                try await body(part)
            } catch {
                await part.pool.close()
                throw error
            }
            await part.pool.close()
        }
    }
}

extension Schedule {
    /// Creates the upcoming weeks of the partitioned tables, and drops expired ones.
    static func partitions(retentionDays: Int, pool: PostgresPool) -> Schedule {
        Schedule("conveyor.partitions", .every(.seconds(3600)), runsAtStart: true) {
            let rows = try await pool.query("select maintain_partitions($1)", Int32(clamping: retentionDays))
            if try rows.decode(Bool.self).first == true { return .done() }
            // Waiting for a long reader with the table locked would stop all work.
            return .done("a reader is in the way, see pg_stat_activity", again: .seconds(30))
        }
    }
}
