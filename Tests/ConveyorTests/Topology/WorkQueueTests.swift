import Conveyor
import Fixtures
import FoundationEssentials
import Shop
import Testing
import Topology

@Suite struct WorkQueueTests {
    @Test func `topology/definitions.json has what the parts' entries bring about`() throws {
        let file = try Definitions(json: Array(Data(contentsOf: URL(filePath: Repository.path + "/topology/definitions.json"))))
        var made = ConveyorApplication.shop.topology
        made.bindingsOnDemand = []
        #expect(file == made)
    }

    @Test func `a worker's queue hears its commands and the events of its entry`() {
        let parts = Topology.parse("a:\n  hears: [b.c, # a comment\n    d.e]\nf:\n  # another\n  publishes: [b.c]\ng:\n  hears: []\n")
        let made = Definitions(workQueues: parts.filter(\.isWorker).map { ($0.name, $0.hears) })
        #expect(made.workQueues == ["a", "g"] && parts.map(\.name) == ["a", "f", "g"])
        #expect(made.bindings.filter { $0.destination == "a" }.map(\.routingKey) == ["a.#", "b.c", "d.e", "a"])
    }

    @Test func `a queue's policy matches its name only`() throws {
        let policies = Definitions(queues: ["a.b": []]).policies
        let pattern = try Regex(try #require(policies.first { $0.name == "a.b" }).pattern)
        #expect("a.b".firstMatch(of: pattern) != nil && "axb".firstMatch(of: pattern) == nil && "a.b.dead".firstMatch(of: pattern) == nil)
    }
}
