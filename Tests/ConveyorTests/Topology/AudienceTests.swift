import Shop
import Testing

@testable import Conveyor

@Suite struct AudienceTests {
    private let audience = Audience(ConveyorApplication.shop.topology)

    @Test func `commands, retries, dead letters and events of the topology's work queues must have a queue`() {
        for (exchange, type) in [
            ("commands", "orders.place"), ("retry.5", "orders"), ("dead", "orders"), ("events", "stock.reserved"), ("events", "payment.succeeded"),
            ("events", "account.registered"),
        ] { #expect(self.audience.isRequired(exchange: exchange, type: type), "\(type)") }
        for type in ["order.placed", "operation.finished", "cart.changed", "a.stranger"] {
            #expect(!self.audience.isRequired(exchange: "events", type: type))
        }
    }

    @Test func `an event without a queue is tried again within a minute`() {
        let now = ContinuousClock.now
        #expect(self.audience.mayHear("a", now: now))
        self.audience.heardNothing("a", now: now)
        #expect(!self.audience.mayHear("a", now: now + .seconds(29)))
        #expect(self.audience.mayHear("b", now: now))
        #expect(self.audience.mayHear("a", now: now + .seconds(30)))
    }

    @Test(arguments: [
        ("a.b", "a.b", true), ("a.b", "a.c", false), ("a.*", "a.b", true), ("a.*", "a", false), ("a.*", "a.b.c", false), ("a.#", "a", true),
        ("a.#", "a.b.c", true), ("#", "", true), ("#.c", "a.b.c", true), ("#.c", "a.b", false), ("*.#.d", "a.d", true),
    ])
    func `a topic pattern matches as in the broker`(pattern: String, key: String, matches: Bool) {
        #expect(TopicPattern(pattern).matches(key) == matches)
    }
}
