extension Definitions {
    /// The definitions of work queues: the shared exchanges, and for each queue itself, its dead letters, its bindings and its policy; and the queues
    /// of the standard retry schedule.
    /// - Parameters:
    ///   - queues: the work queues, with the types of events for each besides its commands, `<queue>.#`.
    ///   - deliveryLimit: how often a message may crash the worker before it becomes a dead letter.
    ///   - maxLength: the number of messages above which a queue refuses publishing.
    public init(queues: [String: [String]], deliveryLimit: Int = 20, maxLength: Int = 12_000_000) {
        self.init(
            workQueues: queues.sorted { $0.key < $1.key }.map { (name: $0.key, events: $0.value) }, deliveryLimit: deliveryLimit, maxLength: maxLength
        )
    }

    /// The same of work queues in this order, in which tools show them.
    public init(workQueues: [(name: String, events: [String])], deliveryLimit: Int = 20, maxLength: Int = 12_000_000) {
        let common: [String: Value] = ["dead-letter-strategy": .string("at-least-once"), "overflow": .string("reject-publish")]
        func exchange(_ name: String, _ type: String) -> Exchange {
            Exchange(name: name, type: type, durable: true, autoDelete: false, isInternal: false, arguments: [:])
        }
        func queue(_ name: String) -> Queue { Queue(name: name, durable: true, arguments: ["x-queue-type": .string("quorum")]) }
        func bind(_ destination: String, to source: String, _ key: String) -> Binding {
            Binding(source: source, destination: destination, destinationType: "queue", routingKey: key)
        }
        func policy(_ name: String, _ definition: [String: Value]) -> Policy {
            let pattern = "^" + name.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "\\.") + "$"
            return Policy(name: name, pattern: pattern, applyTo: "queues", priority: 0, definition: definition.merging(common) { $1 })
        }
        self.exchanges = [exchange("commands", "topic"), exchange("events", "topic"), exchange("dead", "direct"), exchange("return", "direct")]
        (self.queues, self.bindings, self.policies) = ([], [], [])
        for (name, events) in workQueues {
            let dead = "\(name).dead"
            self.queues += [queue(name), queue(dead)]
            self.bindings.append(bind(name, to: "commands", "\(name).#"))
            self.bindings += events.map { bind(name, to: "events", $0) }
            self.bindings += [bind(name, to: "return", name), bind(dead, to: "dead", name)]
            self.policies.append(
                policy(
                    name,
                    [
                        "dead-letter-exchange": .string("dead"), "dead-letter-routing-key": .string(name), "max-length": .int(maxLength),
                        "delivery-limit": .int(deliveryLimit),
                    ]))
        }
        for delay in RetryLadder.standard.delays {
            let name = "retry.\(delay)"
            self.exchanges.append(exchange(name, "fanout"))
            self.queues.append(queue(name))
            self.bindings.append(bind(name, to: name, ""))
            self.policies.append(policy(name, ["dead-letter-exchange": .string("return"), "message-ttl": .int(delay * 1000)]))
        }
    }
}
