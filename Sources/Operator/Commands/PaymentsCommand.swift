import ArgumentParser
import FoundationEssentials
import Kit
import Shop

/// `conveyor payments reconcile`
struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Payments, as Stripe has them.", subcommands: [Reconcile.self])

    struct Reconcile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares payments with Stripe, prints what differs and repairs it.",
            discussion: """
                Each payment is a message to payments-worker, which asks Stripe and takes over what it says, refunds and disputes too, as its events would \
                have brought it. Exit 1 if some were not answered.
                """)

        @Option(
            help: ArgumentHelp("Those that were made or have changed since then, beside all that are open; 15m, 2h, 7d or a time.", valueName: "when")
        )
        var since: Since?
        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                let outcome = try await desk.withDatabase { pool in
                    try await desk.withPublisher { publisher in
                        try await Reconciliation(pool: pool, publisher: publisher, actor: Actor.current(desk.settings))
                            .run(since: self.since?.date ?? Date() - 7 * 86_400)
                    }
                }
                try self.show(outcome)
                if !outcome.unanswered.isEmpty {
                    throw NothingFound(
                        "\(outcome.unanswered.count) of \(outcome.orders) payments were not answered: is payments-worker running, and Stripe there?")
                }
            }
        }

        private func show(_ outcome: Reconciliation.Outcome) throws {
            if self.json { return try Terminal.print(json: outcome.differences) }
            if !outcome.differences.isEmpty {
                var table = Table(.text("ORDER"), .text("AT STRIPE"), .text("FIELD"), .text("HERE"), .text("STRIPE"))
                for each in outcome.differences {
                    table.add(
                        Table.Cell("\(each.orderID)"), Table.Cell(each.id), Table.Cell(each.field), Table.Cell(each.here ?? "–", .yellow),
                        Table.Cell(each.stripe, .green))
                }
                table.print()
            }
            let answered = outcome.orders - outcome.unanswered.count
            Terminal.note("\(answered) payments compared, \(outcome.differences.count) differences repaired")
        }
    }
}
