import ArgumentParser
import Kit
import Postgres
import RabbitMQ
import Shop

/// `conveyor dead …`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Dead letters: messages that could not be handled and wait for a decision.",
        discussion: """
            On call: `groups` says how many causes there are, `show` what one letter is about. Mend the cause, then `replay` the group; or `replay --edit` \
            one whose payload is wrong, or `discard` what shall never be handled. A replayed message keeps its id, so it cannot take effect twice.
            """,
        subcommands: [
            List.self, Groups.self, Show.self, Replay.self, Jobs.self, Resume.self, Stop.self, Discard.self,
        ])

    /// The conditions of a listing.
    struct Conditions: ParsableArguments {
        @Option(help: "Of this queue.") var queue: String?
        @Option(help: "Of this message type, e.g. orders.place.") var type: String?
        @Option(help: "Of this cause, as `dead groups` names it.") var group: String?
        @Option(help: "open, replayed or discarded.") var status: DeadStatus?
        @Option(help: ArgumentHelp("That have failed since then: 15m, 2h, 7d or a time.", valueName: "when")) var since: Since?
        @Option(help: ArgumentHelp("In the error, the type or the payload, or one of its ids.", valueName: "text")) var search: String?

        /// - Throws: `NothingFound` for a queue that there is not.
        func filter(_ desk: Desk) throws -> DeadLetterFilter {
            if let queue { try desk.check(queue: queue) }
            return DeadLetterFilter(
                queue: self.queue, type: self.type, group: self.group, status: self.status, since: self.since?.date, search: self.search)
        }
    }
}

extension DeadStatus: ExpressibleByArgument {}

extension Desk {
    /// - Throws: `NothingFound` unless it is a work queue.
    func check(queue: String) throws {
        let queues = try Definitions(ladder: .standard).workQueues
        guard queues.contains(queue) else { throw NothingFound("no queue \(queue.onOneLine); there are \(queues.joined(separator: ", "))") }
    }

    /// Whether payloads are not for whoever uses the command line.
    func hidesPayloads(in pool: PostgresPool) async throws -> Bool { try await !Principal.current(self.settings, in: pool).may(.seePayloads) }

    /// The database and a publisher, for acts on dead letters.
    func withActs(_ body: (DeadLetterActs) async throws -> Void) async throws {
        try await self.withDatabase { pool in
            let actor = try await self.actor(for: .replay, in: pool)
            try await self.withPublisher { publisher in
                try await body(DeadLetterActs(pool: pool, publisher: publisher, actor: actor))
            }
        }
    }
}
