import Fixtures
import Shop
import Testing

@testable import Conveyor

@Suite struct TopologyCheckTests {
    private func verify(_ host: VirtualHost, api: String? = nil, timeout: Duration = .seconds(10)) async throws {
        let settings = Settings(environment: ["AMQP_URL": host.amqpURL, "RABBITMQ_API": api ?? host.apiURL])
        try await TopologyCheck(settings: settings, queue: "inventory", definitions: ConveyorApplication.shop.topology).verify(timeout: timeout)
    }

    /// The line that a worker prints before it exits.
    private func refusal(_ host: VirtualHost) async throws -> String? {
        do { try await self.verify(host) } catch let error as SettingError { return error.reason }
        return nil
    }

    @Test func `a worker accepts the shop's topology, and refuses a different one with one line`() async throws {
        try await withVirtualHost { host in
            #expect(try await self.refusal(host)?.contains("queue inventory is missing") == true)
            try await host.declareShop()
            #expect(try await self.refusal(host) == nil)

            try await host.unbind("inventory", from: "events", routingKey: "order.paid")
            #expect(try await self.refusal(host)?.contains("binding events -[order.paid]-> inventory is missing") == true)
            try await host.bind("inventory", to: "events", routingKey: "order.paid")

            // Another policy with a higher priority may set another length, but must have one, and must keep dead letters.
            let rest =
                #""dead-letter-exchange":"dead","dead-letter-routing-key":"inventory","dead-letter-strategy":"at-least-once","delivery-limit":20"#
            func override(_ definition: String) async throws -> String? {
                try await host.setPolicy("override", pattern: "^inventory$", definition: "{\(definition)}", priority: 9)
                return try await self.refusal(host)
            }
            #expect(try await override(rest + #","overflow":"reject-publish","max-length":5"#) == nil)
            #expect(try await override(rest + #","overflow":"reject-publish""#)?.contains("max-length of queue inventory is unset") == true)
            #expect(
                try await override(rest + #","overflow":"drop-head","max-length":5"#)?.contains("overflow of queue inventory is drop-head") == true)
            let atMostOnce = rest.replacing("at-least-once", with: "at-most-once") + #","overflow":"reject-publish","max-length":5"#
            #expect(try await override(atMostOnce)?.contains("dead-letter-strategy") == true)
            try await host.deletePolicy("override")

            try await host.deleteQueue("inventory")
            try await host.declareQueue("inventory", type: "classic")
            #expect(try await self.refusal(host)?.contains("is classic, not quorum") == true)
        }
    }

    @Test func `a queue holds far more than the ingress admits, so its length stops no worker`() throws {
        let definitions = Definitions(ladder: .standard)
        let limit = try Settings(environment: [:], of: .shop).queueLimit()
        for queue in definitions.workQueues {
            let policy = try #require(definitions.policies.first { $0.name == queue })
            guard case .int(let length)? = policy.definition["max-length"] else {
                Issue.record("\(queue) has no fuse")
                continue
            }
            // All messages that the ingress admits to the six queues may gather in one of them.
            #expect(length >= 2 * definitions.workQueues.count * limit)
        }
        #expect(definitions.workQueues.count == 6)
    }

    @Test func `an unreachable management API ends the wait with its error`() async throws {
        try await withVirtualHost { host in
            let api = "http://test:hunter2@127.0.0.1:\(try Port.free())"
            let error = await #expect(throws: Unavailable.self) { try await self.verify(host, api: api, timeout: .milliseconds(300)) }
            #expect(error.map { "\($0)".contains("management API") && !"\($0)".contains("hunter2") } == true)
        }
    }

    @Test func `a worker process with a wrong topology exits with 78 and one line`() async throws {
        try await withDatabase { database in
            try await withVirtualHost { host in
                let worker = try ChildProcess(
                    Repository.executable("ExampleWorker"),
                    environment: ["DATABASE_URL": database.url, "AMQP_URL": host.amqpURL, "RABBITMQ_API": host.apiURL], inherits: false)
                #expect(try await worker.waitForExit() == .status(78))
                #expect(worker.standardError == "tests-worker: topology queue tests is missing; `conveyor topology check` lists all, with repairs\n")
            }
        }
    }
}
