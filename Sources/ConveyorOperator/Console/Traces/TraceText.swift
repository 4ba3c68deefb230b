import Conveyor

/// A trace as a text tree: the same content as the picture, for screen readers and for copying.
enum TraceText {
    private static let maxDepth = 64

    static func text(_ roots: [TraceNode]) -> String {
        var lines: [String] = []
        for root in roots { self.append(root, stem: "", branch: "", depth: 0, to: &lines) }
        return lines.joined(separator: "\n")
    }

    private static func append(_ node: TraceNode, stem: String, branch: String, depth: Int, to lines: inout [String]) {
        let clock = Timestamp.string(node.at).dropFirst(11).dropLast()
        let parts = [
            "\(clock)", node.kind.name, node.name, node.attempt.flatMap { $0 > 1 ? "attempt \($0)" : nil }, node.outcome,
            node.ms.map { Quantity.span(milliseconds: $0) }, node.error?.shortened(to: 200),
        ]
        lines.append(stem + branch + parts.compactMap(\.self).joined(separator: "  ").visible.replacing("\n", with: " "))
        guard depth < self.maxDepth else { return }
        let inner = branch.isEmpty ? stem : stem + (branch.hasPrefix("└") ? "   " : "│  ")
        for (index, child) in node.children.enumerated() {
            self.append(child, stem: inner, branch: index == node.children.count - 1 ? "└─ " : "├─ ", depth: depth + 1, to: &lines)
        }
    }
}
