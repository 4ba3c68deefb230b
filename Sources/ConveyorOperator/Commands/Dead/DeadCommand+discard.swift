import ArgumentParser
import Conveyor

extension DeadCommand {
    /// `conveyor dead discard`
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Discard dead letters. They are kept with the reason, and their messages count as handled.")

        @Argument(help: "Ids of dead letters or of their messages.") var ids: [String] = []
        @Option(help: "All open dead letters of this cause.") var group: String?
        @Option(help: ArgumentHelp("Reason, kept in the history.", valueName: "text")) var reason: String
        @Flag(help: "Do not ask for confirmation.") var yes = false
        @Flag(help: "Print a JSON array of the ids.") var json = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard self.ids.isEmpty != (self.group == nil) else { throw ValidationError("name ids, or --group") }
            guard self.reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must not be empty") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let named = try self.ids.map { try ID(named: $0, of: "dead letter") }
                let discarded = try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .discard, in: pool)
                    let store = context.deadLetters(pool)
                    var ids: [ID] = []
                    if let group {
                        ids = try await store.all(DeadLetterFilter(group: group, status: .open)).map(\.id)
                        guard !ids.isEmpty else { throw NothingFound("no open dead letter of group \(group.onOneLine)") }
                    }
                    for id in named {
                        guard let letter = try await store.find(id)?.letter else { throw NothingFound("no dead letter \(id)") }
                        guard letter.status == .open else { throw NothingFound("\(letter.id) is \(letter.status.rawValue), not open") }
                        ids.append(letter.id)
                    }
                    if ids.count > 1, Terminal.canAsk, !self.yes {
                        guard Terminal.ask("Discard \(Quantity.count(ids.count, "dead letter"))?") else { throw ExitCode(1) }
                    }
                    return try await DeadLetterActs.discard(ids, reason: self.reason, actor: actor, in: pool)
                }
                if self.json { try Terminal.print(json: discarded) } else { print("discarded \(Quantity.count(discarded.count))") }
                guard !discarded.isEmpty else { throw NothingFound("none of them is open any more") }
            }
        }
    }
}
