import ArgumentParser
import Conveyor
import FoundationEssentials
import RabbitMQ

/// `conveyor verify`
struct VerifyCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let verification = OperatorApplication.current.verification
        let balance = "Messages: accepted = finished + rejected + dead + queued, where each accepted one counts with all that it led to."
        return CommandConfiguration(
            commandName: "verify", abstract: "\(verification.abstract) Exit 1 if a balance is not 0.",
            discussion: """
                \([balance, verification.discussion].compactMap(\.self).joined(separator: " ")) It may be run at any time; if something seems to be missing it \
                looks again for up to 15 seconds.

                With --republish it sends lost messages again that the database still has: those that a handled message emitted more than a minute ago, that no \
                worker has handled and no queue holds. They keep their ids, so a message that turns up later takes effect once.
                """, aliases: ["audit"])
    }

    @Option(
        help: ArgumentHelp("Only messages handled since then: 2h, 7d or a time (default: all that the inbox keeps).", valueName: "when"))
    var since: Since?
    @Flag(help: "Send emitted messages again that no worker has handled and no queue holds.") var republish = false
    @Flag(help: "Print a JSON object.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let books = try await context.withDatabase(statementTimeout: .seconds(600)) { pool in
                let keeper = BookKeeper(
                    application: context.application, pool: pool, api: try context.managementAPI(),
                    inspector: BrokerInspector(configuration: try context.brokerConfiguration()), definitions: try context.topology())
                let books = try await keeper.read(since: self.since?.date)
                guard self.republish, !books.messages.suspects.isEmpty else { return books }
                let actor = try await context.actor(for: .replay, in: pool)
                let sent = try await context.withPublisher {
                    try await Republisher(application: context.application, pool: pool, publisher: $0, actor: actor).send(books.messages.suspects)
                }
                // The current state: published messages are in their queues, or handled.
                var after = try await keeper.read(since: self.since?.date)
                after.republished = sent
                return after
            }
            if self.json { try Terminal.print(json: books) } else { books.print() }
            if !books.isBalanced { throw ExitCode(1) }
        }
    }
}

extension Books {
    fileprivate func print() {
        Self.section(
            "Messages", balance: self.messages.balance,
            [
                ("accepted", self.messages.accepted), ("finished", self.messages.finished), ("rejected", self.messages.rejected),
                ("dead", self.messages.dead), ("queued", self.messages.queued),
            ])
        if self.messages.discarded > 0 { Swift.print("  \(Quantity.count(self.messages.discarded)) of the dead are discarded") }
        if let republished { Swift.print("  \(Quantity.count(republished, "message")) sent again") }
        for lost in self.messages.lost {
            Swift.print(
                "  lost: message \(lost.messageID) to \(lost.queue); \(TypedCommand.text("trace \(lost.correlationID)")), "
                    + TypedCommand.text("verify --republish"))
        }
        for book in self.others {
            Self.section("\n" + type(of: book).title, balance: book.balance, book.figures.map { ($0.name, $0.number) })
            for remark in book.remarks { Swift.print("  " + remark) }
        }
    }

    private static func section(_ title: String, balance: Int, _ figures: [(String, Int)]) {
        let output = Terminal.output
        Swift.print(output.styled(title, .bold))
        let figures = figures + [("balance", balance)]
        let width = figures.map { Quantity.count($0.1).count }.max() ?? 0
        for (name, number) in figures {
            let text = Quantity.count(number)
            let isBalance = name == "balance"
            let line =
                "  " + name + String(repeating: " ", count: 10 - name.count + width - text.count) + text
                + (isBalance ? balance == 0 ? "  ✓" : "  ✗" : "")
            Swift.print(isBalance ? output.styled(line, balance == 0 ? .green : .red) : line)
        }
    }
}
