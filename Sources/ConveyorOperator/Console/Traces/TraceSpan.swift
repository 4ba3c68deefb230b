import Conveyor
import FoundationEssentials

/// A node of a trace for the picture and the text: its depth, its label, and its times.
struct TraceSpan: Sendable {
    /// A time range in milliseconds since 1970.
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

    /// Deeper than any real chain: an artificial one must not overflow the stack.
    private static let maxDepth = 64

    /// Appends a node and its descendants, in the order of their beginnings.
    /// - Parameter now: milliseconds since 1970: steps in progress extend to it.
    static func append(_ node: TraceNode, depth: Int, now: Int64, to spans: inout [TraceSpan]) {
        spans.append(TraceSpan(node, depth: depth, now: Double(now)))
        guard depth < Self.maxDepth else { return }
        for child in node.children.sorted(by: { $0.at < $1.at }) { self.append(child, depth: depth + 1, now: now, to: &spans) }
    }

    private init(_ node: TraceNode, depth: Int, now: Double) {
        let at = node.at.timeIntervalSince1970 * 1000
        self.depth = depth
        let attempt = node.attempt.map { $0 > 1 ? ", attempt \($0)" : "" } ?? ""
        self.label = (Self.name(of: node) + attempt).visible.shortened(to: 80)
        let took = node.ms.map { (node.isMessage ? "waited " : "") + Quantity.span(milliseconds: $0) }
        self.note = [node.outcome?.visible.shortened(to: 60), took].compactMap(\.self).joined(separator: " · ")
        let error = node.error.map { "\n\($0.visible.shortened(to: 300))" } ?? ""
        // A message before its first attempt waits until now; an event without a queue does not wait.
        let end = at + (node.ms ?? (node.isWaiting ? max(0, now - at) : 0))
        let kind = node.isMessage ? "wait" : node.isDead || node.isFailure ? "failed" : node.kind.tone
        self.stretches = [Stretch(from: at, to: end, kind: kind, title: "\(self.label)\n\(self.note)\(error)")]
        self.link =
            switch node.kind {
            case .dead: "/dead/\(node.id)"
            case .message where node.outcome == "dead": node.messageID.map { "/dead/\($0)" }
            default: nil
            }
    }

    private static func name(of node: TraceNode) -> String {
        switch node.kind {
        case .http: node.name
        case .message: node.name.isEmpty ? "a message without a type" : node.name
        case .handler: "\(node.name)-worker"
        case .call(let kind): "\(kind.label) \(node.name)"
        case .dead: "dead letter: \(node.name)"
        }
    }
}

extension TraceNode {
    /// Whether it failed. A call's result begins with the other side's code, unless there was no answer.
    var isFailure: Bool {
        switch self.kind {
        case .handler, .http: self.outcome == "failed"
        case .call: !["1", "2", "3"].contains(self.outcome?.first)
        case .message, .dead: false
        }
    }

    /// Whether it is a message on its way.
    var isWaiting: Bool { self.isMessage && ["queued", "retrying"].contains(self.outcome) }
}
