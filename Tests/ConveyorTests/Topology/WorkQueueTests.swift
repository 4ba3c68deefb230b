import Conveyor
import Shop
import Testing

@Suite struct WorkQueueTests {
    @Test func `work queues declared in code equal those of the shop's file`() {
        let shop = ConveyorApplication.shop.topology
        let events = shop.workQueues.map { queue in
            (queue, shop.bindings.filter { $0.destination == queue && $0.source == "events" }.map(\.routingKey))
        }
        let made = Definitions(queues: Dictionary(uniqueKeysWithValues: events))
        #expect(Set(made.exchanges) == Set(shop.exchanges))
        #expect(Set(made.queues) == Set(shop.queues))
        #expect(Set(made.bindings) == Set(shop.bindings))
        #expect(Set(made.policies) == Set(shop.policies))
    }

    @Test func `a queue's policy matches its name only`() throws {
        let policies = Definitions(queues: ["a.b": []]).policies
        let pattern = try Regex(try #require(policies.first { $0.name == "a.b" }).pattern)
        #expect("a.b".firstMatch(of: pattern) != nil && "axb".firstMatch(of: pattern) == nil && "a.b.dead".firstMatch(of: pattern) == nil)
    }
}
