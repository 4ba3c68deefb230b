import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

extension Doctor {
    func examineBroker(hasDatabase: Bool) async -> [Diagnosis] {
        do {
            let inspector = BrokerInspector(configuration: try self.context.brokerConfiguration())
            do {
                _ = try await inspector.exchangeExists("commands")
            } catch {
                return [.failed("broker", "\(error)", "start RabbitMQ, or set AMQP_URL right; writes are refused with 503 meanwhile")]
            }
            let api = try self.context.managementAPI()
            let definitions = try self.application.topology(self.settings)
            let overview = try await api.overview()
            var findings = [
                Version(overview.version) >= Version("3.10")
                    ? Diagnosis.ok("broker", "RabbitMQ \(overview.version), Erlang \(overview.erlangVersion)")
                    : .failed("broker", "RabbitMQ \(overview.version)", "Conveyor needs 3.10 or later: quorum queues that dead-letter at least once")
            ]
            if let clock = try await api.clock() {
                findings.append(Self.clock("clock of the broker", skew: Double(Clock.milliseconds(clock) / 1000 - Clock.seconds())))
            }
            let nodes = try await api.nodes()
            findings += Self.examine(nodes)
            findings += Self.examine(flags: try await api.featureFlags())
            findings += Self.examine(definitions.differences(in: try await api.topology()))
            findings += try await self.examineUsers(api)
            let states = try await api.queues()
            findings += Self.examine(states, definitions, nodes: nodes.count)
            findings += await self.examineWorkers(states, try await inspector.queues(definitions.workQueues), definitions, hasDatabase: hasDatabase)
            return findings
        } catch {
            return [
                .failed(
                    "broker's management API", "\(error)", "enable rabbitmq_management, and set RABBITMQ_API to a user with the administrator tag")
            ]
        }
    }

    private static func examine(_ nodes: [ManagementAPI.BrokerNode]) -> [Diagnosis] {
        var findings: [Diagnosis] = []
        for node in nodes {
            let check = "node \(node.name)"
            guard node.running else {
                findings.append(.failed(check, "is away", "start it; with two of three nodes everything goes on, with one nothing does"))
                continue
            }
            let memory = Self.share(node.memoryUsed, of: node.memoryLimit)
            let disk = (node.diskFree ?? 0) - (node.diskFreeLimit ?? 0)
            let detail = "memory at \(Int(memory * 100)) % of its limit, \(Quantity.size(max(0, node.diskFree ?? 0))) of disk free"
            if node.memoryAlarm == true || node.diskAlarm == true {
                let what = node.memoryAlarm == true ? "memory" : "disk"
                findings.append(
                    .failed(check, "\(what) alarm: \(detail)", "publishers are blocked and get 503: free \(what), or raise the node's limit"))
            } else if !(node.partitions ?? []).isEmpty {
                findings.append(
                    .failed(
                        check, "is partitioned from \((node.partitions ?? []).joined(separator: ", "))", "restart this node once it sees the others"))
            } else if memory > 0.8 || disk < 1 << 30 {
                findings.append(.warning(check, detail, "at the limit publishers are blocked: make room before that"))
            } else if Self.share(node.descriptorsUsed, of: node.descriptors) > 0.8 {
                findings.append(
                    .warning(check, "\(node.descriptorsUsed ?? 0) of \(node.descriptors ?? 0) file descriptors in use", "raise its ulimit -n"))
            } else {
                findings.append(.ok(check, detail))
            }
        }
        return findings
    }

    private static func share(_ part: Int?, of whole: Int?) -> Double {
        guard let part, let whole, whole > 0 else { return 0 }
        return Double(part) / Double(whole)
    }

    private static func examine(flags: [ManagementAPI.FeatureFlag]) -> [Diagnosis] {
        let off = flags.filter { $0.state != "enabled" }.map(\.name).sorted()
        // Releases that always have them no longer list them.
        for name in ["quorum_queue", "stream_queue"] where off.contains(name) {
            return [
                .failed("feature flags", "\(name) is off", "rabbitmqctl enable_feature_flag \(name): without it dead letters are sent at most once")
            ]
        }
        guard !off.isEmpty else { return [.ok("feature flags", "all \(flags.count) on")] }
        return [.warning("feature flags", "off: \(off.joined(separator: ", "))", "rabbitmqctl enable_feature_flag all, before the next upgrade")]
    }

    private static func examine(_ differences: [TopologyDifference]) -> [Diagnosis] {
        differences.isEmpty
            ? [.ok("topology", "as it should be")] : differences.map { .failed("topology", $0.what, $0.advice) }
    }

    /// Whether the processes' users may publish exactly their own messages.
    private func examineUsers(_ api: ManagementAPI) async throws -> [Diagnosis] {
        guard !self.application.checks.publishers.isEmpty else { return [] }
        var free: Set<String> = []
        for exchange in ["commands", "events"] { free.formUnion(try await api.unrestrictedPublishers(to: exchange)) }
        let users = self.application.checks.publishers.filter(free.contains).sorted()
        guard !users.isEmpty else { return [.ok("broker's users", "each part publishes its own types alone")] }
        return [
            .warning(
                "broker's users", "may publish every type: \(users.joined(separator: ", "))",
                "ops/deploy/provision, or ops/up, gives each the types that its part publishes")
        ]
    }

    /// The nodes of the queues.
    private static func examine(_ states: [ManagementAPI.QueueState], _ definitions: Definitions, nodes: Int) -> [Diagnosis] {
        var findings: [Diagnosis] = []
        let byName = Dictionary(states.map { ($0.name, $0) }) { first, _ in first }
        for queue in definitions.queues {
            guard let state = byName[queue.name] else { continue }
            let (members, online) = (state.members ?? [], state.online ?? [])
            if online.count < members.count {
                findings.append(
                    .failed(
                        "queue \(queue.name)", "\(online.count) of its \(members.count) members online",
                        "start the nodes that are away; one more lost may stop the queue"))
            } else if nodes >= 3, members.count < 3 {
                findings.append(
                    .warning("queue \(queue.name)", "lies on \(members.count) of \(nodes) nodes", "rabbitmq-queues grow NODE all, for each node"))
            }
        }
        return findings.isEmpty ? [.ok("queues", "\(definitions.queues.count) quorum queues, all members online")] : findings
    }

    private func examineWorkers(
        _ states: [ManagementAPI.QueueState], _ live: [String: QueueState], _ definitions: Definitions, hasDatabase: Bool
    ) async -> [Diagnosis] {
        var paused: Set<String> = []
        if hasDatabase {
            let rows = try? await self.context.withDatabase { pool in
                try await pool.query("select queue from queue_controls where paused").decode(String.self)
            }
            paused = Set(rows ?? [])
        }
        // The check of the settings reports a malformed one.
        let limit = try? self.settings.depthLimit()
        var findings: [Diagnosis] = []
        for name in definitions.workQueues {
            guard let state = states.first(where: { $0.name == name }) else { continue }
            // The queue's own answer: the management API lags by some seconds.
            let (ready, consumers) = live[name].map { ($0.messages, $0.consumers) } ?? (state.ready ?? 0, state.consumers ?? 0)
            let waiting = Quantity.count(ready, "message")
            if paused.contains(name) {
                findings.append(.warning("\(name)-worker", "paused by an operator; \(waiting) wait", "\(self.application.name) resume \(name)"))
            } else if consumers == 0 {
                findings.append(
                    .failed("\(name)-worker", "\(name) has no consumer; \(waiting) messages wait", "start \(name)-worker, or look into its log"))
            } else if let limit, ready > limit / 10 * 8 {
                findings.append(
                    .warning(
                        "\(name)-worker", "\(waiting) wait; at \(Quantity.count(limit)) writes are refused with queue_full",
                        "start more workers, or see why they are slow; QUEUE_LIMIT is the ingress's limit"))
            } else {
                findings.append(.ok("\(name)-worker", "\(Quantity.count(consumers, "process", plural: "processes")), \(waiting) wait"))
            }
        }
        return findings
    }
}
