import Conveyor
import FoundationEssentials
import Shop

/// A step of a trace, with its effects below it.
struct TraceNode: Sendable, Encodable {
    enum Kind: String, Sendable, Encodable {
        /// An accepted request; it ends when its operation is decided.
        case http
        /// A message; it ends when it is handled.
        case message
        /// A worker's attempt at a message; named after its queue.
        case handler
        /// A call to Stripe's API.
        case stripe
        /// An e-mail sent to the mail server, or a text message to its gateway.
        case mail
        /// A notification sent to a browser's push service.
        case push
        /// A delivery to a partner's endpoint.
        case webhook
        /// A dead letter; `id` is its own, `name` its error type.
        case dead

        /// The queue whose worker makes such calls; nil for other steps.
        var queue: String? {
            switch self {
            case .stripe: "payments"
            case .mail, .push: "email"
            case .webhook: "webhooks"
            case .http, .message, .handler, .dead: nil
            }
        }
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
    var orderID: ID?
    var children: [TraceNode]
    /// The error.
    var error: String?

    enum CodingKeys: String, CodingKey {
        case id, kind, name, at, ms, outcome, attempt
        case messageID = "message_id"
        case orderID = "order_id"
        case error, children
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.id, forKey: .id)
        try container.encode(self.kind, forKey: .kind)
        try container.encode(self.name, forKey: .name)
        try container.encode(self.at, forKey: .at)
        try container.encode(self.ms, forKey: .ms)
        try container.encode(self.outcome, forKey: .outcome)
        try container.encode(self.attempt, forKey: .attempt)
        try container.encode(self.messageID, forKey: .messageID)
        try container.encode(self.orderID, forKey: .orderID)
        try container.encode(self.error, forKey: .error)
        try container.encode(self.children, forKey: .children)
    }
}

extension TraceNode {
    /// This step and all below it.
    var all: [TraceNode] { [self] + self.children.flatMap(\.all) }
}
