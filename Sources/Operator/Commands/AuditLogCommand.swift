import ArgumentParser
import FoundationEssentials
import Kit

/// `conveyor audit-log`
struct AuditLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-log", abstract: "Lists who did what, the newest first.", discussion: "Without what the system noted by itself.")

    @Option(help: "Only by this person: a name, or operator:<name>.") var actor: String?
    @Option(help: ArgumentHelp("Only since then: 15m, 2h, 7d or a time.", valueName: "when")) var since: Since?
    @Option(help: "Only this act, e.g. discard.") var act: String?
    @Option(help: "So many at most; in a terminal 50, elsewhere all, if it is not said.") var limit: Int?
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func validate() throws {
        guard self.limit ?? 1 > 0 else { throw ValidationError("--limit is at least 1") }
    }

    func run() async throws {
        try await Desk.open(self.options) { desk in
            let limit = self.limit ?? (self.json || !Terminal.output.isInteractive ? .max : 50)
            let actor = self.actor.map { $0.hasPrefix("operator:") ? $0 : Principal.label($0) }
            let acts = try await desk.withDatabase { pool in
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
            guard !acts.isEmpty else { throw NothingFound("nobody has done anything of this kind") }
        }
    }
}
