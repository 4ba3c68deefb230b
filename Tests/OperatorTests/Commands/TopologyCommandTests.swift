import Fixtures
import Testing

@Suite struct TopologyCommandTests {
    private func conveyor(_ host: VirtualHost, _ arguments: String...) async throws -> ChildProcess {
        let command = try ChildProcess(
            Repository.executable("conveyor"), arguments, environment: ["AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL], inherits: false)
        try await command.waitForExit()
        return command
    }

    @Test func `apply makes what check asks for, and check names what is missing`() async throws {
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
}
