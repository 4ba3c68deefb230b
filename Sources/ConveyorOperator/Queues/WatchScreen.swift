import Conveyor
import Glibc

/// The queues in a terminal, redrawn every two seconds: with the flow of the last minutes, and the open causes of dead letters below.
struct WatchScreen {
    let deadLetters: DeadLetterStore

    private static let steps: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// Draws until the task, or the process, ends.
    func run(_ look: () async throws -> [QueueStatus]) async throws {
        // The alternate screen, without a cursor, lines cut at its edge; restored in any case.
        print("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l", terminator: "")
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in WatchScreen.leave() } }
        defer { print("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l", terminator: "") }
        var history: [String: [Double]] = [:]
        while !Task.isCancelled {
            // The window may have been resized.
            let output = Terminal.currentOutput
            var lines: [String]
            do {
                let queues = try await look()
                for queue in queues { history[queue.name] = (history[queue.name] ?? []).suffix(199) + [queue.deliverRate] }
                lines = self.board(queues, history, on: output)
                lines += try await self.causes(on: output)
            } catch {
                lines = [output.styled("\(error)".onOneLine, .red)]
            }
            self.draw(lines, on: output)
            try await Task.sleep(for: .seconds(2))
        }
    }

    /// The outgoing flow of each queue, as many samples as fit: to the right of the table, or below it in a narrow terminal.
    private func board(_ queues: [QueueStatus], _ history: [String: [Double]], on output: Terminal) -> [String] {
        let highest = max(1, history.values.joined().max() ?? 1)
        let table = QueuesCommand.table(queues).lines(for: output)
        let width = table.map(\.columnsShown).max() ?? 0
        let room = (output.width ?? 80) - width - 3
        func line(_ queue: QueueStatus, _ room: Int) -> String {
            let rates = (history[queue.name] ?? []).suffix(max(0, room))
            return output.styled(String(rates.map { Self.bar($0, of: highest) }), .cyan)
        }
        let title = "OUT, a full block is \(Quantity.rate(highest))/s"
        if room >= title.count {
            return zip([output.styled(title, .dim)] + queues.map { line($0, room) }, table).map { flow, row in
                row + String(repeating: " ", count: width - row.columnsShown + 3) + flow
            }
        }
        let names = queues.map(\.name.count).max() ?? 0
        return table + ["", output.styled(title, .dim)]
            + queues.map { "  \($0.name)\(String(repeating: " ", count: names - $0.name.count))  \(line($0, (output.width ?? 80) - names - 4))" }
    }

    private static func bar(_ rate: Double, of highest: Double) -> Character {
        rate < 0.05 ? "·" : self.steps[min(self.steps.count - 1, Int(rate / highest * Double(self.steps.count)))]
    }

    private func causes(on output: Terminal) async throws -> [String] {
        let groups = try await self.deadLetters.groups()
        guard !groups.isEmpty else { return ["", output.styled("No dead letter is open.", .green)] }
        var table = Table(.text("  GROUP"), .number("DEAD"), .long("TYPE", least: 12), .text("ERROR TYPE"), .text("LAST"), .long("ERROR", least: 12))
        for group in groups.prefix(8) {
            table.add(
                Table.Cell("  " + group.group, .bold), .count(group.count, bad: .red), Table.Cell(group.type), Table.Cell(group.errorType),
                Table.Cell(Moment(group.lastSeen).ago), Table.Cell(group.error.shortened(to: 300)))
        }
        let more = groups.count > 8 ? [output.styled("  \(groups.count - 8) more: conveyor dead groups", .dim)] : []
        return [""] + table.lines(for: output) + more
    }

    private func draw(_ lines: [String], on output: Terminal) {
        let time = Timestamp.string(milliseconds: Clock.milliseconds()).dropFirst(11).prefix(8)
        let head = output.styled("conveyor queues", .bold) + output.styled("  \(time) UTC, every 2 s, Ctrl-C ends", .dim)
        // As many as fit: one too many would scroll the head away.
        let shown = ([head, ""] + lines).prefix((output.height ?? 50) - 1)
        print("\u{1b}[H" + shown.map { $0 + "\u{1b}[K" }.joined(separator: "\n") + "\u{1b}[J", terminator: "")
        fflush(nil)
    }

    /// In a signal handler: only system calls.
    private static func leave() {
        let back: StaticString = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"
        write(STDOUT_FILENO, back.utf8Start, back.utf8CodeUnitCount)
        _exit(130)
    }
}
