import ArgumentParser
import Conveyor
import Glibc
import Postgres
import RabbitMQ

/// `conveyor queues`
struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "List the work queues: waiting, retrying and dead messages, consumers, rates, oldest message.",
        discussion: "Rates are the broker's averages of the last seconds. OLDEST is the age of the oldest message that waits or is being handled.")

    @Argument(help: "Only these queues.") var names: [String] = []
    @Flag(help: "Refresh every two seconds until Ctrl-C.") var watch = false
    @Flag(help: "Print a JSON array; with --watch, one line every two seconds.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            for name in self.names { try context.check(queue: name) }
            try await context.withDatabase { pool in
                let board = try context.queueBoard(pool)
                if self.watch, !self.json, Terminal.output.isInteractive {
                    try await WatchScreen(deadLetters: context.deadLetters(pool)).run { try await self.chosen(board) }
                    return
                }
                try self.show(try await self.chosen(board))
                while self.watch {
                    try await Task.sleep(for: .seconds(2))
                    try self.show(try await self.chosen(board))
                }
            }
        }
    }

    private func chosen(_ board: QueueBoard) async throws -> [QueueStatus] {
        try await board.all().filter { self.names.isEmpty || self.names.contains($0.name) }
    }

    private func show(_ queues: [QueueStatus]) throws {
        if self.json { try Terminal.print(json: queues) } else { Self.table(queues).print() }
        fflush(nil)
    }

    static func table(_ queues: [QueueStatus]) -> Table {
        var table = Table(
            .text("QUEUE"), .number("READY"), .number("UNACKED"), .number("RETRYING"), .number("DEAD"), .number("CONSUMERS"), .number("IN/S"),
            .number("OUT/S"), .number("OLDEST"), .text(""))
        for queue in queues {
            let oldest = queue.oldestSeconds.map { $0 < 1 ? "–" : Quantity.span(seconds: Quantity.whole($0)) } ?? "?"
            table.add(
                Table.Cell(queue.name, .bold), .count(queue.ready), .count(queue.unacked), .count(queue.retrying, bad: .yellow),
                .count(queue.dead, bad: .red), Table.Cell(Quantity.count(queue.consumers), queue.consumers == 0 && !queue.paused ? .red : .plain),
                .rate(queue.publishRate), .rate(queue.deliverRate),
                Table.Cell(oldest, (queue.oldestSeconds ?? 0) >= 60 ? .yellow : (queue.oldestSeconds ?? 1) < 1 ? .dim : .plain),
                queue.paused ? Table.Cell(queue.pausedText, .yellow) : queue.consumers == 0 ? Table.Cell("no worker", .red) : "")
        }
        return table
    }
}

extension QueueStatus {
    /// The pause with its operator and reason.
    fileprivate var pausedText: String {
        "paused" + (self.pausedBy.map { " by \($0)" } ?? "") + (self.pausedReason.map { ": \($0.shortened(to: 60))" } ?? "")
    }
}

extension Table.Cell {
    /// Messages per second.
    static func rate(_ rate: Double) -> Table.Cell {
        let text = Quantity.rate(rate)
        return Table.Cell(text, text == "0" ? .dim : .plain)
    }
}

extension CommandContext {
    /// The queues' state, with live numbers of ready messages.
    func queueBoard(_ pool: PostgresPool) throws -> QueueBoard {
        QueueBoard(
            api: try self.managementAPI(), definitions: try self.topology(), pool: pool,
            inspector: BrokerInspector(configuration: try self.brokerConfiguration()))
    }
}
