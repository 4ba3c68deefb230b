import Testing

@testable import Conveyor

@Suite struct ErrorGroupTests {
    @Test(arguments: [
        ("order 0195-77ab not found", "order # not found"),
        ("No such payment_intent: 'pi_3NxYz'", "No such payment_intent: '#'"),
        ("key \"name\" is missing at `items[3]`", "key # is missing at #"),
        ("connection refused", "connection refused"),
        ("", ""),
    ])
    func `the varying parts of an error are removed`(error: String, pattern: String) {
        #expect(ErrorGroup.pattern(of: error) == pattern)
    }

    @Test func `a group is one queue, one type and one error`() {
        func name(_ queue: String, _ type: String, _ error: String) -> String {
            ErrorGroup.name(queue: queue, type: type, errorType: "bug", error: error)
        }
        let group = name("orders", "orders.place", "order 17 is gone")
        #expect(group == name("orders", "orders.place", "order 18 is gone"))
        #expect(group != name("email", "orders.place", "order 17 is gone"))
        #expect(group != name("orders", "orders.cancel", "order 17 is gone"))
        #expect(group != name("orders", "orders.place", "order 17 is here"))
        #expect(group.count == 10)
    }
}
