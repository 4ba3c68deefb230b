import ArgumentParser
import Conveyor
import FoundationEssentials
import RabbitMQ
import Shop

/// `conveyor verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that no message, unit of stock or cent is lost (reconciliation). Exit 1 if a balance is not 0.",
        discussion: """
            Messages: accepted = finished + rejected + dead + queued, where each accepted one counts with all that it led to. Stock: received = available + \
            reserved + sold. Money, in minor units: what orders say agrees with what was received and given back. It may be run at any time; if something \
            seems to be missing it looks again for up to 15 seconds.

            With --republish it sends lost messages again that the database still has: those that a handled message emitted more than a minute ago, that no worker \
            has handled and no queue holds. They keep their ids, so a message that turns up later takes effect once.
            """, aliases: ["audit"])

    @Option(
        help: ArgumentHelp("Only messages handled since then: 2h, 7d or a time (default: all that the inbox keeps).", valueName: "when"))
    var since: Since?
    @Flag(help: "Send emitted messages again that no worker has handled and no queue holds.") var republish = false
    @Flag(help: "Print a JSON object.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await Desk.open(self.options) { desk in
            let books = try await desk.withDatabase(statementTimeout: .seconds(600)) { pool in
                let keeper = BookKeeper(
                    pool: pool, api: try desk.managementAPI(), inspector: BrokerInspector(configuration: try desk.brokerConfiguration()),
                    definitions: try Definitions(ladder: RetryLadder(desk.settings)))
                let books = try await keeper.read(since: self.since?.date)
                guard self.republish, !books.messages.suspects.isEmpty else { return books }
                let actor = try await desk.actor(for: .replay, in: pool)
                let sent = try await desk.withPublisher {
                    try await Republisher(pool: pool, publisher: $0, actor: actor).send(books.messages.suspects)
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
        Self.section(
            "\nStock, units", balance: self.stock.balance,
            [
                ("received", self.stock.received), ("available", self.stock.available), ("reserved", self.stock.reserved), ("sold", self.stock.sold),
            ])
        for product in self.stock.products {
            Swift.print(
                "  product \(product.productID) \((product.sku ?? "").onOneLine): \(product.balance) by its reservations, \(product.ledgerBalance) by its movements"
            )
        }
        for stranded in self.stock.stranded {
            Swift.print("  held for order \(stranded.orderID), which is not there: \(stranded.units) since \(stranded.since.onOneLine)")
        }
        Self.section(
            "\nMoney, minor units", balance: self.money.balance,
            [("ordered", self.money.ordered), ("paid", self.money.paid), ("refunded", self.money.refunded)])
        for order in self.money.orders {
            Swift.print(
                "  order \(order.number) (\(order.orderID)), \(order.paymentStatus): total \(order.total), lines \(order.lines), received \(order.received), "
                    + "refunded \(order.refunded), by its own account \(order.amountRefunded)")
        }
        Self.section(
            "\nDeliveries to partners", balance: self.deliveries.balance,
            [("delivered", self.deliveries.delivered), ("failed", self.deliveries.failed), ("pending", self.deliveries.pending)])
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
