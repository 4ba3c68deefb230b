import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials

/// `conveyor payments reconcile`
struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Compare payments with Stripe.", subcommands: [Reconcile.self])

    struct Reconcile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare payments with Stripe, print the differences and repair them.",
            discussion: """
                All that are open, and those that have changed since --since: their status, sums, refunds and disputes. What differs is taken over as an \
                Stripe event would have brought it, with all that follows for the order. Exit 1 if some could not be compared.
                """)

        @Option(help: ArgumentHelp("Also payments that changed since then: 2h, 7d or a time (default: 3d).", valueName: "when"))
        var since: Since?
        @Flag(help: "Print the differences and failures as a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let (count, findings) = try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .operate, in: pool)
                    let reconciliation = Reconciliation(pool: pool)
                    let orders = try await reconciliation.candidates(since: self.since?.date ?? Date().addingTimeInterval(-3 * 86_400))
                    guard !orders.isEmpty else { return (0, [Reconciliation.Finding]()) }
                    let line = ProgressLine("payments")
                    defer { line.end() }
                    let findings = try await context.withPublisher { publisher in
                        let sender = CommandSender(publisher: publisher, pool: pool, actor: actor)
                        return try await reconciliation.compare(orders, sender) { line.show($0, of: orders.count) }
                    }
                    return (orders.count, findings.filter { $0.outcome != "agrees" })
                }
                if self.json { try Terminal.print(json: findings) } else { Self.print(count, findings) }
                if findings.contains(where: { $0.outcome == "failed" }) { throw ExitCode(1) }
            }
        }

        private static func print(_ count: Int, _ findings: [Reconciliation.Finding]) {
            let repaired = findings.count { $0.outcome == "repaired" }
            let failed = findings.count - repaired
            Swift.print(
                "\(Quantity.count(count, "payment")) compared with Stripe: \(Quantity.count(count - findings.count)) agree, "
                    + "\(Quantity.count(repaired)) repaired, \(Quantity.count(failed)) failed")
            guard !findings.isEmpty else { return }
            var table = Table(.number("ORDER"), .text("WHAT"), .text("FIELD"), .text("HERE"), .text("STRIPE"), .long("", least: 12))
            for finding in findings {
                if let error = finding.error {
                    table.add(Table.Cell("\(finding.number)"), Table.Cell("failed", .red), "", "", "", Table.Cell(error))
                }
                for difference in finding.differences {
                    table.add(
                        Table.Cell("\(finding.number)"), Table.Cell(difference.id), Table.Cell(difference.field), Table.Cell(difference.here ?? "–"),
                        Table.Cell(difference.stripe, .green), "repaired")
                }
            }
            table.print()
        }
    }
}
