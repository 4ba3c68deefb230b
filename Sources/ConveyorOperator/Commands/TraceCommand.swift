import ArgumentParser
import Conveyor
import FoundationEssentials

/// `conveyor trace ID`
struct TraceCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "trace",
            abstract: "Print everything that followed from a request or message, as a tree with \(OperatorApplication.current.traces.shows).",
            discussion: """
                A message shows how long it waited, a handler how long it took. Failed attempts, dead letters and what still waits stand where they belong.
                """)
    }

    @Argument(help: "\(OperatorApplication.current.traces.ids)") var id: String
    @Flag(help: "Print a JSON array of trees.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let roots = try await context.withDatabase { try await TraceStore(application: context.application, pool: $0).find(self.id) }
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
        let subject = root.subject.map { ", \($0.type) \($0.id)" } ?? ""
        Swift.print(Terminal.output.styled("\(Timestamp.string(root.at)) (\(Moment(root.at).ago))\(subject)", .dim))
        self.print(root, stem: "", branch: "")
    }

    private func print(_ node: TraceNode, stem: String, branch: String) {
        let output = Terminal.output
        let passed = max(0, node.at.timeIntervalSince(self.start) * 1000).rounded()
        let offset = passed == 0 ? "0" : "+" + Quantity.span(milliseconds: passed)
        var text = stem + branch + output.styled(node.title, node.isMessage ? .plain : .bold)
        if let outcome = node.outcome { text += "  " + output.styled(outcome.onOneLine, node.style) }
        if let attempt = node.attempt, attempt > 1 { text += "  attempt \(attempt)" }
        if let ms = node.ms { text += output.styled("  \(node.isMessage ? "waited " : "")\(Quantity.span(milliseconds: ms))", .dim) }
        if let error = node.error { text += "  " + output.styled(error.onOneLine.shortened(to: 200), node.style) }
        if node.isMessage || node.isDead { text += "  " + output.styled(node.id, .dim) }
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
        case .call(let kind): "\(kind.label) \(self.name.onOneLine)"
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
