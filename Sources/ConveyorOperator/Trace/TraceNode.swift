import Conveyor
import FoundationEssentials

/// A step of a trace, with its effects below it.
struct TraceNode: Sendable, Encodable {
    enum Kind: Sendable {
        /// An accepted request; it ends when its operation is decided.
        case http
        /// A message; it ends when it is handled.
        case message
        /// A worker's attempt at a message; named after its queue.
        case handler
        /// An external call.
        case call(TraceExtension.CallKind)
        /// A dead letter; `id` is its own, `name` its error type.
        case dead

        /// Its name in JSON.
        var name: String {
            switch self {
            case .http: "http"
            case .message: "message"
            case .handler: "handler"
            case .call(let kind): kind.kind
            case .dead: "dead"
            }
        }

        /// Its class in the stylesheet.
        var tone: String { if case .call(let kind) = self { kind.tone ?? "call" } else { self.name } }
    }

    var id: String
    var kind: Kind
    var name: String
    var at: Date
    /// Milliseconds; nil if it is in progress or unknown.
    var ms: Double?
    /// `succeeded`, `rejected`, `failed`; for a message also `queued`, `retrying`, `dead`, and `published` for one without a queue; for a call
    /// the other side's answer; for a dead letter its status.
    var outcome: String?
    /// The handler's attempt, from 1.
    var attempt: Int?
    var messageID: ID?
    var subject: Subject?
    /// See ``DeadLetter/subjectMember``.
    var subjectMember: String?
    var children: [TraceNode]
    /// The error.
    var error: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: MemberName.self)
        try container.encode(self.id, forKey: "id")
        try container.encode(self.kind.name, forKey: "kind")
        try container.encode(self.name, forKey: "name")
        try container.encode(self.at, forKey: "at")
        try container.encode(self.ms, forKey: "ms")
        try container.encode(self.outcome, forKey: "outcome")
        try container.encode(self.attempt, forKey: "attempt")
        try container.encode(self.messageID, forKey: "message_id")
        if let subjectMember { try container.encode(self.subject?.id, forKey: MemberName(subjectMember)) }
        try container.encode(self.error, forKey: "error")
        try container.encode(self.children, forKey: "children")
    }
}

extension TraceNode {
    /// This step and all below it.
    var all: [TraceNode] { [self] + self.children.flatMap(\.all) }

    var isMessage: Bool { if case .message = self.kind { true } else { false } }
    var isDead: Bool { if case .dead = self.kind { true } else { false } }
}
