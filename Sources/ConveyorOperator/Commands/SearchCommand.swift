import ArgumentParser
import Conveyor

/// `conveyor search TEXT`
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find orders, customers, products and messages.",
        discussion:
            "Takes an order number (#1002), an e-mail address, a customer's name, a SKU, a product name, or the id of an order, operation, message or Stripe object."
    )

    @Argument(help: "Text to search for.") var text: String
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await Desk.open(self.options) { desk in
            let hits = try await desk.withDatabase { try await Search(pool: $0).hits(self.text) }
            if self.json {
                try Terminal.print(json: hits)
            } else if !hits.isEmpty {
                var table = Table(.text("KIND"), .text("ID"), .long("NAME", least: 16), .long("DETAILS", least: 16))
                for hit in hits {
                    table.add(Table.Cell(hit.kind.rawValue), Table.Cell(hit.id), Table.Cell(hit.title, .bold), Table.Cell(hit.detail))
                }
                table.print()
            }
            guard !hits.isEmpty else { throw NothingFound("nothing found for \(self.text.onOneLine)") }
        }
    }
}
