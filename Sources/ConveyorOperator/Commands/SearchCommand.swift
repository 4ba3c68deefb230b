import ArgumentParser
import Conveyor

/// `conveyor search TEXT`
struct SearchCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let search = OperatorApplication.current.search
        return CommandConfiguration(commandName: "search", abstract: search.abstract, discussion: search.discussion)
    }

    @Argument(help: "Text to search for.") var text: String
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let hits = try await context.withDatabase { try await Search(application: context.application, pool: $0).hits(self.text) }
            if self.json {
                try Terminal.print(json: hits)
            } else if !hits.isEmpty {
                var table = Table(.text("KIND"), .text("ID"), .long("NAME", least: 16), .long("DETAILS", least: 16))
                for hit in hits {
                    table.add(Table.Cell(hit.kind), Table.Cell(hit.id), Table.Cell(hit.title, .bold), Table.Cell(hit.detail))
                }
                table.print()
            }
            guard !hits.isEmpty else { throw NothingFound("nothing found for \(self.text.onOneLine)") }
        }
    }
}
