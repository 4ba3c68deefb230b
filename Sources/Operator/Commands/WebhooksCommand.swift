import ArgumentParser
import Conveyor
import ConveyorOperator
import Shop

/// `conveyor webhooks …`
struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "List partners' endpoints and deliveries; redeliver, ping, rotate secrets.",
        subcommands: [List.self, Deliveries.self, Redeliver.self, Ping.self, Rotate.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the endpoints with their deliveries of the last day.")
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let endpoints = try await context.withDatabase { try await WebhookBoard(pool: $0).endpoints() }
                if self.json {
                    try Terminal.print(json: endpoints)
                } else if !endpoints.isEmpty {
                    var table = Table(
                        .text("ID"), .text("STATE"), .number("DELIVERED"), .number("PENDING"), .number("FAILED"), .text("FAILING SINCE"),
                        .text("EVENTS"), .long("URL", least: 20))
                    for endpoint in endpoints {
                        table.add(
                            Table.Cell(endpoint.id.description),
                            endpoint.isActive ? "on" : Table.Cell(endpoint.offReason.map { "off: \($0)" } ?? "off", .yellow),
                            Table.Cell("\(endpoint.delivered)"), Table.Cell("\(endpoint.pending)"),
                            Table.Cell("\(endpoint.failed)", endpoint.failed > 0 ? .red : .plain),
                            Table.Cell(endpoint.failingSince.map { Moment($0).ago } ?? "–"),
                            Table.Cell(endpoint.events.joined(separator: " ").onOneLine),
                            Table.Cell(endpoint.url.onOneLine))
                    }
                    table.print()
                }
                guard !endpoints.isEmpty else { throw NothingFound("no webhook endpoints") }
            }
        }
    }

    struct Deliveries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List deliveries, newest first.")
        @Option(help: "Only deliveries to this endpoint.") var endpoint: String?
        @Option(help: "Only deliveries with this status: pending, delivered or failed.") var status: String?
        @Option(help: "Maximum number of deliveries.") var limit = 50
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            if let status, !["pending", "delivered", "failed"].contains(status) { throw ValidationError("--status is pending, delivered or failed") }
            guard 1...10_000 ~= self.limit else { throw ValidationError("--limit is 1 to 10000") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let endpoint = self.endpoint.flatMap { ID($0) }
                if let text = self.endpoint, endpoint == nil { throw NothingFound("no endpoint \(text.onOneLine)") }
                let deliveries = try await context.withDatabase {
                    try await WebhookBoard(pool: $0).deliveries(of: endpoint, status: self.status, limit: self.limit)
                }
                if self.json {
                    try Terminal.print(json: deliveries)
                } else if !deliveries.isEmpty {
                    var table = Table(
                        .text("ID"), .text("TYPE"), .text("STATUS"), .number("ATTEMPTS"), .number("ANSWER"), .number("MS"), .text("NEXT"),
                        .text("MADE"), .long("ERROR", least: 12))
                    for delivery in deliveries {
                        table.add(
                            Table.Cell(delivery.id.description), Table.Cell(delivery.type.onOneLine),
                            Table.Cell(delivery.status, delivery.status == "failed" ? .red : delivery.status == "pending" ? .yellow : .green),
                            Table.Cell("\(delivery.attempts)"), Table.Cell(delivery.answerStatus.map { "\($0)" } ?? "–"),
                            Table.Cell(delivery.answerMilliseconds.map { "\($0)" } ?? "–"),
                            Table.Cell(delivery.nextAttemptAt.map { Moment($0).ago } ?? "–"),
                            Table.Cell(Moment(delivery.createdAt).ago), Table.Cell(delivery.error?.onOneLine ?? ""))
                    }
                    table.print()
                }
                guard !deliveries.isEmpty else { throw NothingFound("no deliveries") }
            }
        }
    }

    struct Redeliver: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Send a delivery again, under the same webhook-id.")
        @Argument(help: "Id of the delivery.") var id: String
        @OptionGroup var options: PartOptions

        func run() async throws { try await WebhooksCommand.change(self.id, .redeliver, self.options) }
    }

    struct Ping: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Send a test delivery to an endpoint.")
        @Argument(help: "Id of the endpoint.") var id: String
        @OptionGroup var options: PartOptions

        func run() async throws { try await WebhooksCommand.change(self.id, .ping, self.options) }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the secret of an endpoint and print the new one.",
            discussion: "The previous secret also signs for 24 hours. Needs SECRET_KEY, which seals the new one.")
        @Argument(help: "Id of the endpoint.") var id: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let secret = WebhookSecret()
                let sealed = try SecretBox(secrets: context.settings.signingKeys()).seal(secret.text)
                _ = try await WebhooksCommand.send(.rotate(sealedSecret: sealed), self.id, context)
                print(secret.text)
            }
        }
    }

    private static func send(_ change: WebhookBoard.Change, _ id: String, _ context: CommandContext) async throws -> ID {
        try await context.withDatabase { pool in
            let actor = try await context.actor(for: .send, in: pool)
            return try await context.withPublisher { try await WebhookBoard(pool: pool).change(id, change, by: actor, publisher: $0) }
        }
    }

    private static func change(_ id: String, _ change: WebhookBoard.Change, _ options: PartOptions) async throws {
        try await CommandContext.open(options) { context in print(try await self.send(change, id, context)) }
    }
}
