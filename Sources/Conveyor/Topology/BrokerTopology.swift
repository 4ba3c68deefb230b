/// A broker's declarations, and its effective policies.
public struct BrokerTopology: Sendable {
    /// All declarations of the virtual host.
    public var definitions: Definitions
    /// By queue: its effective policy, which is the matching one with the highest priority.
    public var queuePolicies: [String: String]
    /// By exchange, likewise.
    public var exchangePolicies: [String: String]
    /// By queue: the effective operator policy, which only administrators can set and which wins over all others. The broker reports a new one with
    /// its statistics, some seconds later.
    public var queueOperatorPolicies: [String: String]
    /// All operator policies.
    public var operatorPolicies: [Definitions.Policy]
}

/// A difference between the broker and the topology, and its remedy.
public struct TopologyDifference: Sendable, Equatable, CustomStringConvertible {
    /// The remedy.
    public enum Remedy: Sendable, Equatable {
        /// `conveyor topology apply`
        case apply
        /// `conveyor topology apply --prune`
        case prune(Surplus)
        /// A manual step.
        case byHand(String)
    }

    /// The object to remove.
    public enum Surplus: Sendable, Equatable {
        case binding(Definitions.Binding)
        case policy(String)
        /// Declared again correctly: an exchange contains no messages.
        case exchange(String)
    }

    /// The difference.
    public var what: String
    /// The remedy.
    public var remedy: Remedy

    /// The remedy, in a few words.
    public var advice: String {
        switch self.remedy {
        case .apply: "`conveyor topology apply` puts it right"
        case .prune: "`conveyor topology apply --prune` takes it away"
        case .byHand(let act): act
        }
    }

    /// One line.
    public var description: String { "\(self.what); \(self.advice)" }
}

extension Definitions {
    /// All differences of a broker; empty if it is correct.
    /// Others may have their own exchanges and queues, and bind them to these exchanges. Everything that routes to our queues and exchanges, or
    /// applies to them, is compared completely.
    public func differences(in broker: BrokerTopology) -> [TopologyDifference] {
        self.exchangeDifferences(broker.definitions) + self.queueDifferences(broker.definitions) + self.bindingDifferences(broker.definitions)
            + self.policyDifferences(broker.definitions) + self.differencesInForce(broker)
    }

    private func exchangeDifferences(_ broker: Definitions) -> [TopologyDifference] {
        self.exchanges.compactMap { exchange in
            switch broker.exchanges.first(where: { $0.name == exchange.name }) {
            case nil: return TopologyDifference(what: "exchange \(exchange.name) is missing", remedy: .apply)
            case let there? where there != exchange:
                return TopologyDifference(
                    what: "exchange \(exchange.name) is \(there.kind), not \(exchange.kind)", remedy: .prune(.exchange(exchange.name)))
            default: return nil
            }
        }
    }

    private func queueDifferences(_ broker: Definitions) -> [TopologyDifference] {
        self.queues.compactMap { queue in
            switch broker.queues.first(where: { $0.name == queue.name }) {
            case nil: return TopologyDifference(what: "queue \(queue.name) is missing", remedy: .apply)
            case let there? where there != queue:
                return TopologyDifference(
                    what: "queue \(queue.name) has \(Self.text(there.arguments)), not \(Self.text(queue.arguments))",
                    remedy: .byHand(
                        "let it run empty, `rabbitmqctl delete_queue --if-empty \(queue.name)`, then `conveyor topology apply`: a queue's arguments "
                            + "cannot be changed"))
            default: return nil
            }
        }
    }

    private func bindingDifferences(_ broker: Definitions) -> [TopologyDifference] {
        let (wanted, there) = (Set(self.bindings), Set(broker.bindings))
        let (queues, exchanges) = (Set(self.queues.map(\.name)), Set(self.exchanges.map(\.name)))
        let missing = self.bindings.filter { !there.contains($0) }.map {
            TopologyDifference(what: "binding \($0.text) is missing", remedy: .apply)
        }
        let surplus = broker.bindings.filter { binding in
            !wanted.contains(binding) && !binding.source.isEmpty && !self.bindingsOnDemand.contains(binding)
                && (binding.destinationType == "queue" ? queues : exchanges).contains(binding.destination)
        }
        return missing + surplus.map { TopologyDifference(what: "binding \($0.text) is not in the topology", remedy: .prune(.binding($0))) }
    }

    private func policyDifferences(_ broker: Definitions) -> [TopologyDifference] {
        self.policies.compactMap { policy in
            switch broker.policies.first(where: { $0.name == policy.name }) {
            case nil: return TopologyDifference(what: "policy \(policy.name) is missing", remedy: .apply)
            case let there? where there != policy:
                let changed = Self.changes(from: policy.definition, to: there.definition)
                return TopologyDifference(
                    what: "policy \(policy.name): \(changed.isEmpty ? "pattern, priority or apply-to differ" : changed)", remedy: .apply)
            default: return nil
            }
        }
    }

    /// Foreign policies in force on our queues and exchanges: of all matching policies the broker applies only one.
    private func differencesInForce(_ broker: BrokerTopology) -> [TopologyDifference] {
        var found: [TopologyDifference] = []
        for queue in self.queues {
            let own = self.policies.first { $0.name == queue.name }
            guard let name = broker.queuePolicies[queue.name], name != own?.name else { continue }
            let there = broker.definitions.policies.first { $0.name == name }
            let changed = Self.changes(from: own?.definition ?? [:], to: there?.definition ?? [:])
            found.append(
                TopologyDifference(
                    what: "policy \(name) of priority \(there?.priority ?? 0) is in force on queue \(queue.name)"
                        + (own == nil ? ", which has none" : " and hides ours") + (changed.isEmpty ? "" : ": \(changed)"),
                    // One of our names with a foreign pattern.
                    remedy: self.policies.contains { $0.name == name } ? .apply : .prune(.policy(name))))
        }
        for exchange in self.exchanges {
            guard let name = broker.exchangePolicies[exchange.name] else { continue }
            let there = broker.definitions.policies.first { $0.name == name }
            found.append(
                TopologyDifference(
                    what: "policy \(name) is in force on exchange \(exchange.name), which has none: "
                        + Self.changes(from: [:], to: there?.definition ?? [:]),
                    remedy: self.policies.contains { $0.name == name } ? .apply : .prune(.policy(name))))
        }
        for queue in self.queues {
            guard let name = broker.queueOperatorPolicies[queue.name] else { continue }
            let own = self.policies.first { $0.name == queue.name }?.definition ?? [:]
            let theirs = broker.operatorPolicies.first { $0.name == name }?.definition ?? [:]
            found.append(
                TopologyDifference(
                    what: "operator policy \(name) is in force on queue \(queue.name): "
                        + Self.changes(from: own.filter { theirs[$0.key] != nil }, to: theirs),
                    remedy: .byHand("`rabbitmqctl clear_operator_policy \(name)`, if it is not needed")))
        }
        return found
    }

    private static func changes(from ours: [String: Value], to theirs: [String: Value]) -> String {
        Set(ours.keys).union(theirs.keys).sorted().filter { ours[$0] != theirs[$0] }
            .map { "\($0) is \(theirs[$0]?.description ?? "unset"), not \(ours[$0]?.description ?? "unset")" }.joined(separator: ", ")
    }

    private static func text(_ arguments: [String: Value]) -> String {
        arguments.isEmpty ? "no arguments" : arguments.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

extension Definitions.Binding {
    fileprivate var text: String { "\(self.source) -[\(self.routingKey)]-> \(self.destination)" }
}

extension Definitions.Exchange {
    fileprivate var kind: String {
        "\(self.durable ? "durable" : "transient") \(self.type)" + (self.isInternal == true ? ", internal" : "")
            + (self.autoDelete == true ? ", deleted with its last queue" : "")
            + (self.arguments ?? [:]).sorted { $0.key < $1.key }.map { ", \($0.key) \($0.value)" }.joined()
    }
}
