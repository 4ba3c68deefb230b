import Conveyor
import Shop
import Topology

/// A message in a worker's queue.
struct Sent: Sendable {
    /// `orders`, `inventory`, `accounts`.
    let queue: String
    let payload: any Message
    var envelope: Envelope

    var id: ID { self.envelope.messageID }
    var type: String { self.envelope.type }

    /// The first message of a chain, by default sent now by `system`, always accepted by the same ingress.
    /// - Parameter queue: by default the one that its type names, or that is bound to it.
    init(
        _ payload: any Message, id: ID = .new(), by actor: ID? = nil, sentAt: Int64 = Clock.milliseconds(), attempt: Int = 1, queue: String? = nil
    ) {
        let type = Swift.type(of: payload).type
        self.queue = queue ?? Self.queues(of: type).first ?? ""
        self.payload = payload
        self.envelope = Envelope(messageID: id, type: type, actor: actor?.description ?? "system", sentAt: sentAt)
        self.envelope.attempt = attempt
        self.envelope.sender = "tests"
    }

    /// A message that the handler of another one emits.
    init(_ payload: any Message, emittedBy cause: Envelope, at position: Int, sentAt: Int64, queue: String) {
        self.queue = queue
        self.payload = payload
        self.envelope = cause.emitted(type: Swift.type(of: payload).type, schema: payload.version, at: position, sentAt: sentAt)
    }

    /// The queues of a type, by the broker's bindings.
    static func queues(of type: String) -> [String] { self.bindings[type] ?? [String(type.prefix { $0 != "." })].filter(self.workQueues.contains) }

    private static let workQueues = Topology.workers.map(\.name)
    private static let bindings: [String: [String]] = {
        let definitions = Definitions(ladder: .standard)
        let events = definitions.bindings.filter { $0.source == "events" }
        return Dictionary(grouping: events, by: \.routingKey).mapValues { $0.map(\.destination) }
    }()
}

extension ID {
    /// A new random id, as the ingress generates it.
    static func new() -> ID { .v7(milliseconds: UInt64(Clock.milliseconds())) }
}
