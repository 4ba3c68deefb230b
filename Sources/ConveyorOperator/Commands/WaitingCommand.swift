import ArgumentParser
import Conveyor
import Postgres
import RabbitMQ

/// `conveyor waiting --queue Q`
struct WaitingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiting", abstract: "List the messages that wait in a queue, without touching them.",
        discussion: """
            With RABBITMQCTL it reads the queue itself, as rabbitmq-queues peek does. Without, it reads the inbox: messages that a handler has \
            emitted or failed at and that no worker has handled since; commands that came by HTTP are missing there.
            """)

    @Option(help: "Name of the queue.") var queue: String
    @Option(help: "Only of this message type.") var type: String?
    @Option(help: "Longest list, oldest first.") var limit = 50
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func validate() throws {
        guard 1...10_000 ~= self.limit else { throw ValidationError("--limit is 1 to 10000") }
    }

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            try context.check(queue: self.queue)
            let (messages, source) = try await context.withDatabase { pool in
                try await context.waiting(pool).list(queue: self.queue, type: self.type, limit: self.limit)
            }
            if self.json {
                try Terminal.print(json: messages)
            } else if !messages.isEmpty {
                var table = Table(.text("QUEUE"), .long("TYPE", least: 12), .text("MESSAGE"), .number("ATTEMPT"), .number("AGE"), .text("ACTOR"))
                for message in messages {
                    table.add(
                        Table.Cell(message.queue), Table.Cell(message.type), Table.Cell(message.messageID.description),
                        Table.Cell("\(message.attempt)"), Table.Cell(Quantity.span(milliseconds: message.ageSeconds * 1000)),
                        Table.Cell(message.actor ?? "–"))
                }
                table.print()
            }
            Terminal.note(source.note)
            guard !messages.isEmpty else { throw NothingFound("no message is visible in \(self.queue)") }
        }
    }
}

extension WaitingMessage.Source {
    /// The source of the list, in words.
    var note: String {
        switch self {
        case .queue: "read from the queue"
        case .books: "read from the books: commands that came by HTTP and that no worker has tried yet are missing; set RABBITMQCTL to see them"
        }
    }
}

extension CommandContext {
    /// The waiting messages, from the best available source.
    func waiting(_ pool: PostgresPool) throws -> WaitingMessages {
        WaitingMessages(
            application: self.application, pool: pool,
            peeker: QueuePeeker(self.settings, virtualHost: try self.brokerConfiguration().nodes[0].virtualHost), logger: self.logger)
    }
}
