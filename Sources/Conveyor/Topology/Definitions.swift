/// RabbitMQ's definitions: the form of `topology/definitions.json`, of its management API and of `rabbitmqctl export_definitions`.
public struct Definitions: Codable, Sendable, Equatable {
    /// An exchange.
    public struct Exchange: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// `topic`, `direct`, `fanout`.
        public var type: String
        /// Whether it survives a restart of the broker.
        public var durable: Bool
        /// Whether it is deleted with its last binding.
        public var autoDelete: Bool?
        /// Whether only other exchanges may publish to it.
        public var isInternal: Bool?
        /// E.g. `alternate-exchange`; our exchanges have none.
        public var arguments: [String: Value]?

        enum CodingKeys: String, CodingKey {
            case name, type, durable, arguments
            case autoDelete = "auto_delete"
            case isInternal = "internal"
        }
    }

    /// A queue.
    public struct Queue: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Whether it survives a restart of the broker.
        public var durable: Bool
        /// Only `x-queue-type`: everything that may change is a policy.
        public var arguments: [String: Value]
    }

    /// A binding from an exchange to a queue.
    public struct Binding: Codable, Sendable, Hashable {
        /// The exchange.
        public var source: String
        /// The queue.
        public var destination: String
        /// `queue`; foreign bindings may have `exchange`.
        public var destinationType: String
        /// The key, or the pattern of a topic exchange.
        public var routingKey: String

        /// A binding.
        public init(source: String, destination: String, destinationType: String, routingKey: String) {
            self.source = source
            self.destination = destination
            self.destinationType = destinationType
            self.routingKey = routingKey
        }

        enum CodingKeys: String, CodingKey {
            case source, destination
            case destinationType = "destination_type"
            case routingKey = "routing_key"
        }
    }

    /// A policy: a queue's properties beyond its type.
    public struct Policy: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// A regular expression of queue names.
        public var pattern: String
        /// `queues`.
        public var applyTo: String
        /// The matching policy with the highest priority is in effect.
        public var priority: Int
        /// E.g. `delivery-limit`.
        public var definition: [String: Value]

        enum CodingKeys: String, CodingKey {
            case name, pattern
            case applyTo = "apply-to"
            case priority, definition
        }
    }

    /// A string or an integer; foreign policies may have other values.
    public enum Value: Codable, Sendable, Hashable, CustomStringConvertible {
        case string(String)
        case int(Int)
        case other(JSONValue)

        /// Any JSON.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .int(number)
            } else if let text = try? container.decode(String.self) {
                self = .string(text)
            } else {
                self = .other(try container.decode(JSONValue.self))
            }
        }

        /// The original JSON.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .string(let text): try container.encode(text)
            case .int(let number): try container.encode(number)
            case .other(let value): try container.encode(value)
            }
        }

        /// The value as text.
        public var description: String {
            switch self {
            case .string(let text): text
            case .int(let number): String(number)
            case .other(let value): "\(value)"
            }
        }
    }

    /// All exchanges.
    public var exchanges: [Exchange]
    /// All queues.
    public var queues: [Queue]
    /// All bindings.
    public var bindings: [Binding]
    /// All policies.
    public var policies: [Policy]
    /// Bindings that a worker makes and removes while it runs: neither their presence nor their absence is a difference. In no file.
    public var bindingsOnDemand: Set<Binding> = []

    enum CodingKeys: String, CodingKey { case exchanges, queues, bindings, policies }

    /// Reads definitions as RabbitMQ exports them.
    /// - Throws: if they are not such JSON.
    public init(json: [UInt8]) throws { self = try JSON.decode(Definitions.self, from: json) }

    /// The same definitions with another retry schedule.
    public func with(_ ladder: RetryLadder) -> Definitions {
        var definitions = self
        definitions.replaceRungs(ladder)
        return definitions
    }

    private mutating func replaceRungs(_ ladder: RetryLadder) {
        guard ladder != .standard else { return }
        let isRung = { (name: String) in name.hasPrefix("retry.") }
        guard let exchange = self.exchanges.first(where: { isRung($0.name) }), let queue = self.queues.first(where: { isRung($0.name) }),
            let binding = self.bindings.first(where: { isRung($0.destination) }), let policy = self.policies.first(where: { isRung($0.name) })
        else { return }
        self.exchanges.removeAll { isRung($0.name) }
        self.queues.removeAll { isRung($0.name) }
        self.bindings.removeAll { isRung($0.destination) }
        self.policies.removeAll { isRung($0.name) }
        for delay in ladder.delays {
            let name = "retry.\(delay)"
            var rung = (exchange: exchange, queue: queue, binding: binding, policy: policy)
            rung.exchange.name = name
            rung.queue.name = name
            rung.binding.source = name
            rung.binding.destination = name
            rung.policy.name = name
            rung.policy.pattern = "^retry\\.\(delay)$"
            rung.policy.definition["message-ttl"] = .int(delay * 1000)
            self.exchanges.append(rung.exchange)
            self.queues.append(rung.queue)
            self.bindings.append(rung.binding)
            self.policies.append(rung.policy)
        }
    }
}

extension Definitions {
    /// The work queues: those whose dead letters go to their own `<queue>.dead`.
    public var workQueues: [String] {
        self.queues.map(\.name).filter { name in self.queues.contains { $0.name == name + ".dead" } }
    }

    /// The work queues for messages that are published to an exchange with a key.
    public func queues(of exchange: String, _ key: String) -> [String] {
        self.bindings.filter { $0.source == exchange && TopicPattern($0.routingKey).matches(key) }.map(\.destination)
    }

    /// The work queues for messages of a type.
    public func queues(of type: any Message.Type) -> [String] { self.queues(of: type.exchange, type.type) }
}
