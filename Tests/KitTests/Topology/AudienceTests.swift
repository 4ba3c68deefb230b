import Testing

@testable import Kit

@Suite struct AudienceTests {
    @Test func `commands, retries, dead letters and the events that the topology binds to a work queue must be heard`() {
        for (exchange, type) in [
            ("commands", "orders.place"), ("retry.5", "orders"), ("dead", "orders"), ("events", "stock.reserved"), ("events", "payment.succeeded"),
            ("events", "account.registered"),
        ] { #expect(Audience.isRequired(exchange: exchange, type: type), "\(type)") }
        for type in ["order.placed", "operation.finished", "cart.changed", "a.stranger"] {
            #expect(!Audience.isRequired(exchange: "events", type: type))
        }
    }

    @Test func `an event that nobody heard is tried again within a minute`() {
        let audience = Audience()
        let now = ContinuousClock.now
        #expect(audience.mayHear("a", now: now))
        audience.heardNothing("a", now: now)
        #expect(!audience.mayHear("a", now: now + .seconds(29)))
        #expect(audience.mayHear("b", now: now))
        #expect(audience.mayHear("a", now: now + .seconds(30)))
    }

    @Test(arguments: [
        ("a.b", "a.b", true), ("a.b", "a.c", false), ("a.*", "a.b", true), ("a.*", "a", false), ("a.*", "a.b.c", false), ("a.#", "a", true),
        ("a.#", "a.b.c", true), ("#", "", true), ("#.c", "a.b.c", true), ("#.c", "a.b", false), ("*.#.d", "a.d", true),
    ])
    func `a pattern of a topic exchange matches as the broker's does`(pattern: String, key: String, matches: Bool) {
        #expect(TopicPattern(pattern).matches(key) == matches)
    }
}
