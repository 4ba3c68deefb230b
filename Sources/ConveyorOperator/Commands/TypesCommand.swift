import ArgumentParser
import Conveyor

/// `conveyor types`
struct TypesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "types", abstract: "Show counts, failures, waiting and handling times by message type, for the last hour and day.")

    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let types = try await context.withDatabase { try await TypeFigures.all(in: $0) }
            if self.json {
                try Terminal.print(json: types)
            } else if !types.isEmpty {
                var table = Table(
                    .text("QUEUE"), .text("TYPE"), .number("HOUR"), .number("FAILED"), .number("WAIT P50"), .number("P95"), .number("TOOK P50"),
                    .number("P95"), .number("DAY"), .number("FAILED"), .number("WAIT P95"), .number("TOOK P95"))
                for type in types {
                    table.add(
                        Table.Cell(type.queue), Table.Cell(type.type), .count(Int(type.hour.count)), .share(type.hour.failureShare),
                        .span(type.hour.queueDelayP50), .span(type.hour.queueDelayP95), .span(type.hour.handlingP50), .span(type.hour.handlingP95),
                        .count(Int(type.day.count)), .share(type.day.failureShare), .span(type.day.queueDelayP95), .span(type.day.handlingP95))
                }
                table.print()
            }
            guard !types.isEmpty else { throw NothingFound("no message was handled within a day") }
        }
    }
}

extension Table.Cell {
    fileprivate static func span(_ milliseconds: Double?) -> Table.Cell {
        milliseconds.map { Table.Cell(Quantity.span(milliseconds: $0)) } ?? Table.Cell("–", .dim)
    }

    fileprivate static func share(_ share: Double) -> Table.Cell { Table.Cell(Quantity.percent(share), share == 0 ? .dim : .yellow) }
}

extension Quantity {
    /// `0 %`, `0.4 %`, `12 %`
    static func percent(_ share: Double) -> String {
        let percent = 100 * share
        return percent == 0 || percent >= 9.95 ? "\(Int(percent.rounded())) %" : "\(self.decimal(percent, places: 1)) %"
    }
}
