import ArgumentParser
import Conveyor

extension DeadCommand {
    /// `conveyor dead list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List dead letters, latest failure first.")

        @OptionGroup var conditions: Conditions
        @Option(help: "Longest list (default: 50 in a terminal, otherwise all).") var limit: Int?
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard self.limit ?? 1 > 0 else { throw ValidationError("--limit is at least 1") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                var filter = try self.conditions.filter(context)
                let limit = self.limit ?? (self.json || !Terminal.output.isInteractive ? .max : 50)
                let (letters, count) = try await context.withDatabase { pool in
                    filter.hidesPayloads = try await context.hidesPayloads(in: pool)
                    let store = context.deadLetters(pool)
                    let letters = try await store.all(filter, limit: limit)
                    return (letters, letters.count < limit ? letters.count : try await store.count(filter))
                }
                if self.json {
                    try Terminal.print(json: letters)
                } else if !letters.isEmpty {
                    Self.table(letters).print()
                    if count > letters.count { Terminal.note("\(Quantity.count(count - letters.count)) more; see --limit") }
                }
                if letters.isEmpty { try self.conditions.sayNone(json: self.json) }
            }
        }

        private static func table(_ letters: [DeadLetter]) -> Table {
            var table = Table(
                .text("ID"), .text("QUEUE"), .long("TYPE", least: 12), .text("ERROR TYPE"), .number("TRIES"), .text("STATUS"), .text("FAILED"),
                .long("ERROR", least: 12))
            for letter in letters {
                table.add(
                    Table.Cell(letter.id.description), Table.Cell(letter.queue), Table.Cell(letter.type), Table.Cell(letter.errorType),
                    Table.Cell("\(letter.attempts)"), Table.Cell(letter.status.rawValue, letter.status.style),
                    Table.Cell(Moment(letter.lastFailedAt).ago), Table.Cell(letter.error.shortened(to: 500)))
            }
            return table
        }
    }

    /// `conveyor dead groups`
    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List dead letters by cause: same queue, type and error (ids and numbers ignored).",
            discussion: "Counts open dead letters unless --status names another status.")

        @OptionGroup var conditions: Conditions
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                var filter = try self.conditions.filter(context)
                let groups = try await context.withDatabase { pool in
                    filter.hidesPayloads = try await context.hidesPayloads(in: pool)
                    return try await context.deadLetters(pool).groups(filter)
                }
                if self.json {
                    try Terminal.print(json: groups)
                } else if !groups.isEmpty {
                    var table = Table(
                        .text("GROUP"), .number("COUNT"), .text("QUEUE"), .long("TYPE", least: 12), .text("ERROR TYPE"), .text("FIRST"),
                        .text("LAST"),
                        .text("EXAMPLE"), .long("ERROR", least: 12))
                    for group in groups {
                        table.add(
                            Table.Cell(group.group, .bold), Table.Cell(Quantity.count(group.count)), Table.Cell(group.queue), Table.Cell(group.type),
                            Table.Cell(group.errorType), Table.Cell(Moment(group.firstSeen).ago), Table.Cell(Moment(group.lastSeen).ago),
                            Table.Cell(group.example.description), Table.Cell(group.error.shortened(to: 500)))
                    }
                    table.print()
                    if Terminal.output.isInteractive { Terminal.note("next: \(TypedCommand.text("dead show \(groups[0].example)"))") }
                }
                if groups.isEmpty { try self.conditions.sayNone(json: self.json, status: .open) }
            }
        }
    }
}

extension DeadStatus {
    var style: Terminal.Style {
        switch self {
        case .open: .red
        case .replayed: .green
        case .discarded: .dim
        }
    }
}
