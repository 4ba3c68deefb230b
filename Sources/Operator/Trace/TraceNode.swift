import Conveyor
import FoundationEssentials
import Shop

/// Something that happened, and under it what it led to.
struct TraceNode: Sendable, Encodable {
    enum Kind: String, Sendable, Encodable {
        /// A request that was accepted; it takes until its operation is decided.
        case http
        /// A message; it takes until it is handled.
        case message
        /// A worker's attempt at a message; named by its queue.
        case handler
        /// A call to Stripe's API.
        case stripe
        /// An e-mail handed to the mail server, or a text message to its gateway.
        case mail
        /// A notice handed to a browser's push service.
        case push
        /// A delivery to a partner's endpoint.
        case webhook
        /// A dead letter; `id` is its own, `name` its error type.
        case dead

        /// Whose worker makes such a call; nil of what is no call.
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
    /// Milliseconds; nil if it is not over, or not known.
    var ms: Double?
    /// `succeeded`, `rejected`, `failed`; of a message also `queued`, `retrying`, `dead`, and `published` for one without a queue; of a call what
    /// the other side answered; of a dead letter its status.
    var outcome: String?
    /// From 1, of a handler.
    var attempt: Int?
    var messageID: ID?
    var orderID: ID?
    var children: [TraceNode]
    /// What went wrong.
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
    /// This one and all under it.
    var all: [TraceNode] { [self] + self.children.flatMap(\.all) }
}
