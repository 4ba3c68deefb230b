import Conveyor
import FoundationEssentials
import Testing

@Suite struct JSONTests {
    private struct Payload: Codable, Equatable {
        var url: String
        var at: Date
        var items: [Item] = []
        struct Item: Codable, Equatable { var quantity: Int }
    }

    @Test func `slashes stay bare, and times are RFC 3339`() throws {
        let payload = Payload(url: "https://shop.example/a", at: Clock.date(milliseconds: 1_795_467_845_123))
        let bytes = try JSON.encode(payload)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""https://shop.example/a""#))
        #expect(text.contains(#""at":"2026-11-23T21:04:05.123Z""#))
        #expect(try JSON.decode(Payload.self, from: bytes) == payload)
    }

    @Test(arguments: [
        (#"{"url":1,"at":"2026-11-23T21:04:05Z","items":[]}"#, "url is not a string"), (#"{"url":"hunter2","items":[]}"#, "at is missing"),
        (#"{"url":"","at":"hunter2","items":[]}"#, "at is not valid"), (#"{"url":"","at":null,"items":[]}"#, "at is null"),
        (#"{"url":"","at":"2026-11-23T21:04:05Z","items":[{"quantity":1},{"quantity":"hunter2"}]}"#, "items[1].quantity is not a whole number"),
        (#"{"url":"","at":"2026-11-23T21:04:05Z","items":[{"quantity":99999999999999999999}]}"#, "items[0].quantity is not valid"),
        (#"["hunter2"]"#, "the whole is not an object"), ("{hunter2", "not JSON, or a number does not fit"),
        ("", "not JSON, or a number does not fit"),
    ])
    func `a decoding error names the place, never the value`(text: String, explanation: String) {
        let error = #expect(throws: (any Error).self) { try JSON.decode(Payload.self, from: Array(text.utf8)) }
        #expect(error.map { JSON.explain($0) } == explanation)
    }

    @Test(arguments: [
        Array(repeating: UInt8(ascii: "["), count: 100_000), [0xFF, 0xFE], Array(#"{"url":"\ud800"}"#.utf8), Array("{\"url\":\"\u{0}\"}".utf8),
        Array(#"{"quantity":1e999}"#.utf8),
    ]) func `hostile bytes cause an error and nothing worse`(bytes: [UInt8]) {
        #expect(throws: (any Error).self) { try JSON.decode(Payload.self, from: bytes) }
    }

    @Test func `sixteen is an integer in any notation`() throws {
        #expect(try JSON.decode(Payload.Item.self, from: Array(#"{"quantity":16.0}"#.utf8)).quantity == 16)
    }

    @Test func `an external text costs no more than its limits`() throws {
        let limits = JSON.Limits(values: 4, depth: 2)
        for text in ["[1,2,3]", "{\"a\":[1]}", "[[1]]", "[]", "7"] { _ = try JSONElement(Array(text.utf8), within: limits) }
        for text in ["[1,2,3,4]", "{\"a\":1,\"b\":2}", "[[[]]]", "[[{\"a\":1}]]", "[1,2,3,4,"] {
            #expect(throws: JSON.Limits.Exceeded.self, "\(text)") { try JSONElement(Array(text.utf8), within: limits) }
        }
        // Without limits, too deep nesting is refused, since walking it would overflow the stack.
        #expect(throws: DecodingError.self) {
            try JSON.decode(JSONValue.self, from: Array(repeating: UInt8(ascii: "["), count: 600) + Array(repeating: UInt8(ascii: "]"), count: 600))
        }
    }

    @Test func `many threads encode and decode at once`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<500 {
                        let payload = Payload(url: "\(task)/\(number)", at: Clock.date(milliseconds: Int64(number)), items: [.init(quantity: number)])
                        let decoded = try JSON.decode(Payload.self, from: JSON.encode(payload))
                        #expect(decoded == payload)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
