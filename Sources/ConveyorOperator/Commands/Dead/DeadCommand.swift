import ArgumentParser
import Conveyor
import Postgres
import RabbitMQ

/// `conveyor dead …`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "List, inspect, replay, repair and discard dead letters.",
        discussion: """
            A dead letter is a message that failed for good and waits for a decision. On call: `groups` lists the causes, `show` explains one dead letter. \
            Repair the cause, then `replay` the group. If payloads are wrong, `replay --edit` one and `replay --like` it the others; `discard` messages that \
            are not needed. A replayed message keeps its id, so it cannot take effect twice.
            """,
        subcommands: [
            List.self, Groups.self, Show.self, Replay.self, Jobs.self, Resume.self, Stop.self, Discard.self,
        ])

    /// The conditions of a list.
    struct Conditions: ParsableArguments {
        @Option(help: "Only this queue.") var queue: String?
        @Option(help: "Only this message type, e.g. orders.place.") var type: String?
        @Option(help: "Only this cause, from `dead groups`.") var group: String?
        @Option(help: "Only this status: open, replayed or discarded.") var status: DeadStatus?
        @Option(help: ArgumentHelp("Only failures since then: 15m, 2h, 7d or a time.", valueName: "when")) var since: Since?
        @Option(help: ArgumentHelp("Text in the error, type or payload, or an id.", valueName: "text")) var search: String?

        /// Reports an empty list: good news, unless the search was for something in particular.
        /// - Parameter status: the default status of the list.
        /// - Throws: `NothingFound` if a condition other than the status was named.
        func sayNone(json: Bool, status: DeadStatus? = nil) throws {
            let isParticular = self.queue != nil || self.type != nil || self.group != nil || self.since != nil || self.search != nil
            guard !isParticular else { throw NothingFound("no dead letter matches") }
            if !json { print((self.status ?? status).map { "No \($0.rawValue) dead letters." } ?? "No dead letters.") }
        }

        /// - Throws: `NothingFound` for an unknown queue.
        func filter(_ context: CommandContext) throws -> DeadLetterFilter {
            if let queue { try context.check(queue: queue) }
            return DeadLetterFilter(
                queue: self.queue, type: self.type, group: self.group, status: self.status, since: self.since?.date, search: self.search)
        }
    }
}

extension DeadStatus: ExpressibleByArgument {}

extension CommandContext {
    /// - Throws: `NothingFound` unless it is a work queue.
    func check(queue: String) throws {
        let queues = self.application.conveyor.topology.workQueues
        guard queues.contains(queue) else { throw NothingFound("no queue \(queue.onOneLine); there are \(queues.joined(separator: ", "))") }
    }

    /// Whether the operator must not see payloads.
    func hidesPayloads(in pool: PostgresPool) async throws -> Bool { try await !Principal.current(self.settings, in: pool).may(.seePayloads) }

    /// Reads dead letters.
    func deadLetters(_ pool: PostgresPool) -> DeadLetterStore { DeadLetterStore(application: self.application, pool: pool) }

    /// Acts on dead letters.
    func acts(_ pool: PostgresPool, _ publisher: Publisher, by actor: String) -> DeadLetterActs {
        DeadLetterActs(application: self.application, pool: pool, publisher: publisher, actor: actor)
    }

    /// The database and a publisher, for actions on dead letters.
    func withActs(_ body: (DeadLetterActs) async throws -> Void) async throws {
        try await self.withDatabase { pool in
            let actor = try await self.actor(for: .replay, in: pool)
            try await self.withPublisher { publisher in
                try await body(self.acts(pool, publisher, by: actor))
            }
        }
    }
}
