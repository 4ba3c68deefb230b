import ArgumentParser
import Conveyor
import FoundationEssentials

/// `conveyor audit-log`
struct AuditLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-log", abstract: "List the acts of operators, newest first.",
        discussion: "Entries that the system made by itself are left out.")

    @Option(help: "Only acts of this person: a name, or operator:<name>.") var actor: String?
    @Option(help: ArgumentHelp("Only acts since then: 15m, 2h, 7d or a time.", valueName: "when")) var since: Since?
    @Option(help: "Only acts of this kind, e.g. discard.") var act: String?
    @Option(help: "Longest list (default: 50 in a terminal, otherwise all).") var limit: Int?
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func validate() throws {
        guard self.limit ?? 1 > 0 else { throw ValidationError("--limit is at least 1") }
    }

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let limit = self.limit ?? (self.json || !Terminal.output.isInteractive ? .max : 50)
            let actor = self.actor.map { $0.hasPrefix("operator:") ? $0 : Principal.label($0) }
            let acts = try await context.withDatabase { pool in
                try await AuditLog(pool: pool).acts(actor: actor, since: self.since?.date, act: self.act, limit: limit)
            }
            if self.json {
                try Terminal.print(json: acts)
            } else if !acts.isEmpty {
                var table = Table(.text("AT"), .text("ACTOR"), .text("ACT"), .text("SUBJECT"), .long("REASON", least: 12))
                for act in acts {
                    table.add(
                        Table.Cell(Timestamp.string(act.at)), Table.Cell(act.actor), Table.Cell(act.act), Table.Cell(act.subject),
                        Table.Cell(act.reason ?? ""))
                }
                table.print()
            }
            guard !acts.isEmpty else { throw NothingFound("no act matches") }
        }
    }
}
