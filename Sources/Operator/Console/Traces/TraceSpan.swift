import FoundationEssentials
import Kit
import Shop

/// A node of a trace as the picture and the text have it: how deep it lies, what it is called, and when something went on.
struct TraceSpan: Sendable {
    /// Some time that it took, in milliseconds since 1970.
    struct Stretch: Sendable {
        let from: Double
        let to: Double
        /// A class of the stylesheet.
        let kind: String
        let title: String
    }

    let depth: Int
    let label: String
    let note: String
    let stretches: [Stretch]
    let link: String?

    /// Deeper than any chain of messages; whoever makes one that is cannot make this one fall over it.
    private static let maxDepth = 64

    /// Appends a node and those under it, in the order in which they began.
    /// - Parameter now: milliseconds since 1970: what is not over goes on until then.
    static func append(_ node: TraceNode, depth: Int, now: Int64, to spans: inout [TraceSpan]) {
        spans.append(TraceSpan(node, depth: depth, now: Double(now)))
        guard depth < Self.maxDepth else { return }
        for child in node.children.sorted(by: { $0.at < $1.at }) { self.append(child, depth: depth + 1, now: now, to: &spans) }
    }

    private init(_ node: TraceNode, depth: Int, now: Double) {
        let at = Double(Clock.milliseconds(node.at))
        let failed = Self.isFailure(node)
        self.depth = depth
        let attempt = node.attempt.map { $0 > 1 ? " (attempt \($0))" : "" } ?? ""
        self.label = "\(node.name)\(attempt)".visible.shortened(to: 80)
        let took = node.ms.map { Quantity.span(milliseconds: $0) }
        self.note = [node.outcome?.visible.shortened(to: 60), took].compactMap(\.self).joined(separator: " · ")
        var stretches: [Stretch] = []
        switch node.kind {
        case .message:
            // It waits until the first of its handlers begins.
            let handled = node.children.filter { $0.kind == .handler || $0.kind == .dead }.map { Double(Clock.milliseconds($0.at)) }.min() ?? now
            stretches.append(
                Stretch(from: at, to: max(at, handled), kind: "wait", title: "waited \(Quantity.span(milliseconds: max(0, handled - at)))"))
        case .dead:
            stretches.append(Stretch(from: at, to: at, kind: "dead", title: "dead letter"))
        default:
            stretches.append(
                Stretch(from: at, to: at + (node.ms ?? 0), kind: failed ? "failed" : node.kind.rawValue, title: "\(self.label): \(self.note)"))
        }
        self.stretches = stretches
        self.link = node.kind == .dead ? ID(node.id).map { "/dead/\($0)" } : nil
    }

    static func isFailure(_ node: TraceNode) -> Bool {
        guard let outcome = node.outcome else { return false }
        if let status = Int(outcome.prefix { $0.isNumber }), outcome.first?.isNumber == true { return status >= 400 }
        return !["succeeded", "ok", "accepted", "rejected", "done", "sent", "published", "handled", "queued", "retrying", "replayed", "discarded"]
            .contains(outcome)
    }
}
