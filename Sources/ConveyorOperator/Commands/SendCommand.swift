import ArgumentParser
import Conveyor
import FoundationEssentials

/// `conveyor send TYPE FILE`
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send a message and print its id.",
        discussion: "The payload must be valid for its type. Follow the message with conveyor trace ID.")

    @Argument(help: "The message type, e.g. inventory.adjust_stock.") var type: String
    @Argument(help: "File with the payload as JSON; - for standard input.") var file: String
    @Option(help: ArgumentHelp("Wait before sending: 5s, 10m, 2h.", valueName: "time")) var delay: Delay?
    @Flag(help: "Only check the payload; send nothing.") var dryRun = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        let payload: [UInt8]
        do {
            payload = self.file == "-" ? StandardStreams.read() : Array(try Data(contentsOf: URL(filePath: self.file)))
        } catch {
            throw ValidationError("\(self.file) cannot be read")
        }
        try await CommandContext.open(self.options) { context in
            try await context.withDatabase { pool in
                let actor = try await context.actor(for: .send, in: pool)
                let draft = try MessageSender.Draft(type: self.type, payload: payload, by: context.application)
                if self.dryRun {
                    Terminal.note("valid \(draft.type); nothing was sent")
                } else if let delay {
                    print(try await MessageSender(pool: pool, publisher: nil).send(draft, delay: delay.seconds, by: actor))
                } else {
                    try await context.withPublisher { publisher in
                        print(try await MessageSender(pool: pool, publisher: publisher).send(draft, delay: nil, by: actor))
                    }
                }
            }
        }
    }
}

/// A duration in an option: `5s`, `10m`, `2h`, `1d`; a plain number means seconds.
struct Delay: ExpressibleByArgument, Sendable {
    /// 0 to 30 days.
    let seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? argument[...] : argument.dropLast()), number.isFinite, number >= 0 else { return nil }
        self.seconds = number * (unit ?? 1)
        guard self.seconds <= 30 * 86_400 else { return nil }
    }
}
