import ArgumentParser
import Conveyor
import ConveyorOperator
import RabbitMQ
import Shop

/// `conveyor cache clear PATTERN`
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Clear the read caches of the ingresses.", subcommands: [Clear.self])

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Clear the cached answers of every ingress. The next read fetches them again.")

        @Argument(help: "What to clear: * for everything, a type (product, category, user), or one entry (product:<id>).") var pattern: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let actor = try await context.actor(for: .operate)
                let now = Clock.milliseconds()
                let envelope = Envelope(
                    messageID: .v7(milliseconds: UInt64(now)), type: CacheClear.type, actor: actor, sentAt: now)
                // Transient like the caches: an ingress that starts later has an empty one.
                let message = Outgoing(
                    exchange: CacheClear.exchange, routingKey: CacheClear.type, mandatory: false,
                    properties: envelope.properties(appID: "conveyor", persistent: false), body: try JSON.encode(CacheClear(pattern: self.pattern)))
                try await context.withPublisher { publisher in
                    if let failure = await publisher.publish([message])[0] { throw Unavailable("broker: it did not take the message (\(failure))") }
                }
                print("sent to every ingress")
            }
        }
    }
}
