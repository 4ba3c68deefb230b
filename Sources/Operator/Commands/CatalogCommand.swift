import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials

/// `conveyor catalog import FILE`
struct CatalogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "catalog", abstract: "Import products.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create and update products from a CSV file, through the queue. Exit 1 if a row is refused.",
            discussion: """
                The first line names the columns in any order: \(ProductRow.columns.joined(separator: ", ")). The sku identifies a product; unit_amount is \
                in the minor unit; category is a slug; images are URLs separated by spaces. An empty field changes nothing.
                """)

        @Argument(help: "CSV file; - for standard input.") var file: String
        @Flag(help: "Only check the rows; send nothing.") var dryRun = false
        @Flag(help: "Print the refused rows as a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            let bytes: [UInt8]
            do {
                bytes = self.file == "-" ? StandardStreams.read() : Array(try Data(contentsOf: URL(filePath: self.file)))
            } catch {
                throw ValidationError("\(self.file) cannot be read")
            }
            try await CommandContext.open(self.options) { context in
                try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .operate, in: pool)
                    let catalog = CatalogImport(pool: pool)
                    let prepared = try await catalog.prepare(bytes)
                    var refused = prepared.refused
                    if !self.dryRun, prepared.count > 0 {
                        let line = ProgressLine("products")
                        defer { line.end() }
                        refused = try await context.withPublisher { publisher in
                            let sender = CommandSender(publisher: publisher, pool: pool, actor: actor)
                            return try await catalog.send(prepared, sender) { line.show($0, of: prepared.count) }
                        }
                        line.end()
                    }
                    try self.report(prepared, refused)
                }
            }
        }

        private func report(_ prepared: CatalogImport.Prepared, _ refused: [ProductRow.Refused]) throws {
            let total = prepared.count + prepared.refused.count
            if self.json {
                try Terminal.print(json: refused)
            } else {
                print(
                    "\(Quantity.count(total, "row")): \(Quantity.count(prepared.creates.count)) new, \(Quantity.count(prepared.updates.count)) known, "
                        + "\(Quantity.count(refused.count)) refused" + (self.dryRun ? "; nothing was sent" : ""))
                if !refused.isEmpty {
                    var table = Table(.number("LINE"), .text("SKU"), .long("WHY", least: 20))
                    for row in refused { table.add(Table.Cell("\(row.line)"), Table.Cell(row.sku ?? ""), Table.Cell(row.reason)) }
                    table.print()
                }
            }
            if !refused.isEmpty { throw ExitCode(1) }
        }
    }
}
