import Fixtures
import Testing

@Suite struct TopologyCommandTests {
    private func conveyor(_ host: VirtualHost, _ arguments: String...) async throws -> ChildProcess {
        let command = try ChildProcess(
            Repository.executable("conveyor"), arguments, environment: ["AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL], inherits: false)
        try await command.waitForExit()
        return command
    }

    @Test func `apply creates what check requires, and check names missing objects`() async throws {
        try await withVirtualHost { host in
            let before = try await self.conveyor(host, "topology", "check")
            #expect(try await before.waitForExit() == .status(1))
            #expect(before.output.contains("queue orders is missing"))

            #expect(try await self.conveyor(host, "topology", "apply").waitForExit() == .status(0))
            let good = try await self.conveyor(host, "topology", "check")
            #expect(try await good.waitForExit() == .status(0), "\(good.output)")

            try await host.unbind("orders", from: "events", routingKey: "stock.reserved")
            try await host.setPolicy("orders", pattern: "^orders$", definition: #"{"max-length":7}"#)
            let bad = try await self.conveyor(host, "topology", "check")
            #expect(try await bad.waitForExit() == .status(1))
            #expect(bad.output.contains("binding events -[stock.reserved]-> orders is missing"))
            #expect(bad.output.contains("policy orders"))

            #expect(try await self.conveyor(host, "topology", "apply").waitForExit() == .status(0))
            #expect(try await self.conveyor(host, "topology", "check").waitForExit() == .status(0))
        }
    }

    /// The lines of `topology check`, which must exit with 1 if there are any.
    private func differences(_ host: VirtualHost) async throws -> [String] {
        let check = try await self.conveyor(host, "topology", "check")
        let lines = check.standardOutput.split(separator: "\n").map(String.init)
        if try await check.waitForExit() == .status(0) {
            #expect(lines == ["the broker matches the topology file"])
            return []
        }
        #expect(try await check.waitForExit() == .status(1))
        return lines
    }

    @Test func `check finds superfluous objects and those that hide ours, and apply --prune removes them`() async throws {
        try await withVirtualHost { host in
            try await host.declareShop()
            // An object of another application is no difference.
            try await host.declareQueue("reports")
            try await host.declareExchange("theirs")
            try await host.bind("reports", to: "events", routingKey: "#")
            try await host.setPolicy(
                "reports", pattern: "^reports$", definition: #"{"max-length":5,"queue-master-locator":"min-masters"}"#, priority: 9)
            #expect(try await self.differences(host) == [])

            try await host.bind("orders", to: "events", routingKey: "order.placed")
            try await host.bind("email.dead", to: "theirs", routingKey: "#")
            try await host.setPolicy("short", pattern: "^orders$", definition: #"{"max-length":5}"#, priority: 9)
            try await host.setPolicy("bounded", pattern: "^orders\\\\.dead$", definition: #"{"message-ttl":1000}"#)
            try await host.setPolicy("diverted", pattern: "^commands$", definition: #"{"alternate-exchange":"theirs"}"#, of: "exchanges")
            try await host.deleteExchange("retry.5")
            try await host.declareExchange("retry.5", type: "topic")

            let lines = try await self.differences(host)
            for expected in [
                "binding events -[order.placed]-> orders is not in the topology", "binding theirs -[#]-> email.dead is not in the topology",
                "policy short of priority 9 is in force on queue orders and hides ours", "max-length is 5, not 12000000",
                "policy bounded of priority 0 is in force on queue orders.dead, which has none: message-ttl is 1000, not unset",
                "policy diverted is in force on exchange commands, which has none: alternate-exchange is theirs, not unset",
                "exchange retry.5 is durable topic, not durable fanout",
            ] {
                #expect(lines.contains { $0.contains(expected) && $0.contains("--prune") }, "\(expected) is not in \(lines)")
            }
            #expect(lines.contains { $0.contains("binding retry.5 -[]-> retry.5 is missing") })

            // Without --prune no object is removed, and the output says so.
            let apply = try await self.conveyor(host, "topology", "apply")
            #expect(try await apply.waitForExit() == .status(1))
            let prune = try await self.conveyor(host, "topology", "apply", "--prune")
            #expect(try await prune.waitForExit() == .status(0), "\(prune.output)")
            #expect(try await self.differences(host) == [])
            #expect(try await host.ready("reports") == 0, "it is still there")
        }
    }

    @Test func `differences that apply cannot repair are reported with advice`() async throws {
        try await withVirtualHost { host in
            try await host.declareShop()
            try await host.setPolicy("ours", pattern: "^payments$", definition: #"{"max-length":6}"#, isOperators: true)
            // The broker shows it only with its next statistics.
            let limited = try await eventualValue("the check to report the operator policy", within: .seconds(30)) {
                let lines = try await self.differences(host)
                return lines.isEmpty ? nil : lines
            }
            #expect(limited.count == 1)
            #expect(
                limited.first?.hasPrefix(
                    "operator policy ours is in force on queue payments: max-length is 6, not 12000000; `rabbitmqctl clear_operator_policy ours`")
                    == true)

            try await host.deleteQueue("email")
            try await host.declareQueue("email", type: "classic")
            let classic = try await self.differences(host)
            #expect(classic.contains { $0.hasPrefix("queue email has x-queue-type classic, not x-queue-type quorum; let it run empty") })
            try await host.deleteQueue("email")
            #expect(try await self.differences(host).contains { $0.hasPrefix("queue email is missing; `conveyor topology apply`") })
        }
    }
}
