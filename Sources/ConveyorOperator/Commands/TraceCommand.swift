import ArgumentParser
import Conveyor
import FoundationEssentials
import Shop

/// `conveyor trace ID`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Print everything that followed from a request or message, as a tree with times, attempts, Stripe calls and e-mails.",
        discussion: """
            A message shows how long it waited, a handler how long it took. Failed attempts, dead letters and what still waits stand where they belong.
            """)

    @Argument(help: "An order (id or number), an operation (op_…), a message, a dead letter, or a Stripe id (pi_…, evt_…, re_…, ch_…, dp_…).")
    var id: String
    @Flag(help: "Print a JSON array of trees.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await Desk.open(self.options) { desk in
            let roots = try await desk.withDatabase { try await TraceStore(pool: $0).find(self.id) }
            guard !roots.isEmpty else { throw NothingFound("nothing found for \(self.id.onOneLine)") }
            if self.json {
                try Terminal.print(json: roots)
            } else {
                for (index, root) in roots.enumerated() {
                    if index > 0 { print("") }
                    TracePrinter(start: root.at).print(root)
                }
            }
        }
    }
}

/// A trace as a tree in a terminal: the time since the beginning of the chain, the step, its result and its duration.
private struct TracePrinter {
    let start: Date

    func print(_ root: TraceNode) {
        let order = root.orderID.map { ", order \($0)" } ?? ""
        Swift.print(Terminal.output.styled("\(Timestamp.string(root.at)) (\(Moment(root.at).ago))\(order)", .dim))
        self.print(root, stem: "", branch: "")
    }

    private func print(_ node: TraceNode, stem: String, branch: String) {
        let output = Terminal.output
        let passed = max(0, node.at.timeIntervalSince(self.start) * 1000).rounded()
        let offset = passed == 0 ? "0" : "+" + Quantity.span(milliseconds: passed)
        var text = stem + branch + output.styled(node.title, node.kind == .message ? .plain : .bold)
        if let outcome = node.outcome { text += "  " + output.styled(outcome.onOneLine, node.style) }
        if let attempt = node.attempt, attempt > 1 { text += "  attempt \(attempt)" }
        if let ms = node.ms { text += output.styled("  \(node.kind == .message ? "waited " : "")\(Quantity.span(milliseconds: ms))", .dim) }
        if let error = node.error { text += "  " + output.styled(error.onOneLine.shortened(to: 200), node.style) }
        if node.kind == .message || node.kind == .dead { text += "  " + output.styled(node.id, .dim) }
        Swift.print(String(repeating: " ", count: max(0, 9 - offset.columns)) + output.styled(offset, .dim) + "  " + text)
        let inner = branch.isEmpty ? stem : stem + (branch.hasPrefix("└") ? "   " : "│  ")
        for (index, child) in node.children.enumerated() {
            self.print(child, stem: inner, branch: index == node.children.count - 1 ? "└─ " : "├─ ")
        }
    }
}

extension TraceNode {
    fileprivate var title: String {
        switch self.kind {
        case .http: self.name
        case .message: self.name.isEmpty ? "(no type)" : self.name.onOneLine
        case .handler: "\(self.name)-worker"
        case .stripe: "Stripe \(self.name.onOneLine)"
        case .mail: "e-mail \(self.name.onOneLine)"
        case .push: "push \(self.name.onOneLine)"
        case .webhook: "webhook \(self.name.onOneLine)"
        case .dead: "dead letter, \(self.name)"
        }
    }

    fileprivate var style: Terminal.Style {
        switch self.outcome {
        case "failed", "dead", "open": .red
        case "rejected", "retrying", "queued": .yellow
        case "published", "accepted", "discarded", "replayed": .dim
        case let answer? where answer.first.map { "45".contains($0) } ?? false: .red
        default: .green
        }
    }
}
