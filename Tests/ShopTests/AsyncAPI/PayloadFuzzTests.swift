import Conveyor
import Fixtures
import FoundationEssentials
import Shop
import Testing

/// Payloads of all message types with extreme values. `CONVEYOR_FUZZ` sets the number of inputs; a few thousand by default.
struct PayloadFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["CONVEYOR_FUZZ"].flatMap { Int($0) } ?? 6000

    private static let extremes: [String] = {
        let integers: [Int64] = [.min, .min + 1, -2_147_483_649, -1, 0, 1, 2_147_483_648, 9_007_199_254_740_992, .max - 1, .max]
        let others: [String] = [
            "null", "true", "[]", "{}", #""""#, #""\u0000""#, #""\ud800""#, #""2026-11-30T12:00:00Z""#, #""9999-99-99T99:99:99Z""#, #""-1""#, "1.5",
            "-0",
            "1e400", "-1e400", "1e-400", "00", "NaN", #""00000000-0000-0000-0000-000000000000""#, #""ffffffff-ffff-ffff-ffff-ffffffffffff""#,
            "9223372036854775808", "18446744073709551615",
        ]
        let long: String = "\"" + String(repeating: "x", count: 100_000) + "\""
        let deep: String = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        return integers.map(String.init) + others + [long, deep, String(repeating: "9", count: 400)]
    }()

    /// The range of a value in a JSON text: behind `:`, `[` or `,`, as our own encoder writes it.
    private static func values(of json: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var starts: [Int] = []
        var (isText, isEscaped) = (false, false)
        var begin: Int?
        func end(_ index: Int) {
            if let start = begin, start < index { ranges.append(start..<index) }
            begin = nil
        }
        for (index, byte) in json.enumerated() {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                starts.append(begin ?? index)
                begin = byte == UInt8(ascii: "[") ? index + 1 : nil
            case UInt8(ascii: ":"): begin = index + 1
            case UInt8(ascii: ","): end(index)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                end(index)
                if let start = starts.popLast() { begin = start }
            default: break
            }
        }
        return ranges
    }

    @Test func `every payload with extremes is decoded and encoded again, or refused`() throws {
        func decode<M: Message>(_ type: M.Type, _ json: [UInt8]) throws -> [UInt8] { try JSON.encode(try JSON.decode(M.self, from: json)) }
        let document = try AsyncAPIDocument.file.get()
        var examples: [(type: any Message.Type, json: [UInt8], values: [Range<Int>])] = []
        for type in MessageCatalogue.all {
            for example in try document.messages[type.type]?.examples ?? [] {
                let json = try example.json
                examples.append((type, json, Self.values(of: json)))
            }
        }
        var generator = Seeded(seed: 42)
        var (decoded, refused) = (0, 0)
        for round in 0..<Self.count {
            let example = examples[round % examples.count]
            var json = example.json
            // One value, sometimes several, from the last on so that the ranges before stay right.
            var places: [Range<Int>] = []
            for _ in 0...Int(generator.next() % 3) { if let place = example.values.randomElement(using: &generator) { places.append(place) } }
            places.sort { $0.lowerBound > $1.lowerBound }
            var last = json.count + 1
            for place in places where place.upperBound < last {
                json.replaceSubrange(place, with: Array(Self.extremes.randomElement(using: &generator)?.utf8 ?? "".utf8))
                last = place.lowerBound
            }
            if generator.next() % 16 == 0, !json.isEmpty { json.removeSubrange(Int(generator.next() % UInt64(json.count))...) }
            if generator.next() % 16 == 0, !json.isEmpty {
                json[Int(generator.next() % UInt64(json.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            _ = Envelope.orderID(type: example.type.type, messageID: ID(high: 1, low: 2), json)
            do {
                let again = try decode(example.type, json)
                #expect(throws: Never.self) { try decode(example.type, again) }
                decoded += 1
            } catch {
                #expect(!JSON.explain(error).isEmpty)
                refused += 1
            }
        }
        print("payloads: \(decoded) decoded, \(refused) refused")
        #expect(decoded > 0 && refused > 0)
    }
}
