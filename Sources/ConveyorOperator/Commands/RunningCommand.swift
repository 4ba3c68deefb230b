import ArgumentParser
import Conveyor

/// `conveyor running`
struct RunningCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "running", abstract: "List the messages that workers are handling, and for how long.",
        discussion: "Workers report every second the messages that they have held for half a second or longer.")

    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let messages = try await context.withDatabase { try await RunningMessage.all(in: $0) }
            if self.json {
                try Terminal.print(json: messages)
            } else if !messages.isEmpty {
                var table = Table(.text("QUEUE"), .long("TYPE", least: 12), .text("MESSAGE"), .number("AGE"), .number("ATTEMPT"), .text("WORKER"))
                for message in messages {
                    table.add(
                        Table.Cell(message.queue), Table.Cell(message.type), Table.Cell(message.messageID.description),
                        Table.Cell(Quantity.span(milliseconds: message.ageSeconds * 1000), message.ageSeconds > 60 ? .yellow : .plain),
                        Table.Cell("\(message.attempt)"), Table.Cell(message.worker))
                }
                table.print()
            }
            guard !messages.isEmpty else { throw NothingFound("no worker holds a message for longer than half a second") }
        }
    }
}
