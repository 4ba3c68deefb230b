import RabbitMQ
import Testing

@testable import Conveyor

@Suite struct ForwardingTests {
    @Test func `a delivery is published again without the properties that the broker acts on or refuses`() {
        var properties = Properties(messageID: "1", type: "t", appID: "elsewhere", persistent: false)
        properties.userID = "somebody"
        properties.expiration = "60000"
        properties.headers = ["CC": .array(["orders"]), "BCC": .array(["orders"]), "x-death": .array([]), "actor": "stripe"]
        let forwarded = properties.forwarded
        #expect(forwarded == Properties(messageID: "1", type: "t", appID: "elsewhere", headers: ["actor": "stripe"]))
    }

    @Test func `headers are cut to a number of short ones`() {
        let properties = Properties(
            messageID: "1",
            headers: ["a": .string(String(repeating: "é", count: 9)), "b": .bytes([1, 2, 3, 4]), "c": .table(["d": 1]), "d": 7, "e": 8])
        #expect(properties.cut(to: 3, headers: 4).headers == ["a": "é", "b": .bytes([1, 2, 3]), "c": .void, "d": 7])
        #expect(properties.bare.headers.isEmpty)
    }

    @Test func `a text is cut between two scalars, and a NUL is replaced`() {
        #expect("añb".bounded(to: 4) == "añb")
        #expect("añb".bounded(to: 3) == "añ")
        #expect("añb".bounded(to: 2) == "a")
        #expect("a\0".bounded(to: 10) == "a\u{fffd}")
        #expect("a\0".bounded(to: 3) == "a")
        #expect(String(repeating: "e\u{301}", count: 1000).bounded(to: 10).utf8.count == 10)
    }
}
