import Conveyor
import FoundationEssentials
import Testing

/// Our JSON coder compared with Foundation's.
@Suite struct JSONLikeFoundationTests {
    private static let texts = [
        "null", "true", " false ", "0", "-0", "-12", "1.5", "1e3", "-2.5E-3", "16.0", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "1e400", #""""#, #""a\"b\\c\/d\b\f\n\r\t""#, #""\u00e9\uD83D\uDE00é😀""#, "[]", "[ ]", "{}",
        #"[1,[2,[3,{}]],{"a":[]}]"#, #"{"a":1,"b":{"c":[true,null,"x"]},"empty":"","é":"ü"}"#, "\t[1 ,\n2 ]\r\n",
        #"{"order_id":"0190-","lines":[{"quantity":2},{"quantity":3}]}"#,
        // Invalid JSON.
        "", " ", "nul", "nulll", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'", "\"", "\"a", #""\x""#, #""\u12""#,
        #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "\"\n\"", "\"\u{1}\"", "[", "]", "[1", "[1,", "[,1]", "[1 2]", "{", "}", #"{"a"}"#,
        #"{"a":}"#, #"{"a":1"#, "{a:1}", "{1:1}", "[}", "{]", "1 2", "[] []", "// a\n1", "[1]x",
    ]

    private static func foundation(_ bytes: [UInt8]) -> JSONValue? { try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) }

    private static func kit(_ bytes: [UInt8]) -> JSONValue? { try? JSON.decode(JSONValue.self, from: bytes) }

    @Test(arguments: texts) func `texts decode as with Foundation`(text: String) {
        #expect(Self.kit(Array(text.utf8)) == Self.foundation(Array(text.utf8)))
    }

    /// RFC 8259 forbids it; Foundation accepts it.
    @Test(arguments: ["[1,]", #"{"a":1,}"#, "[[],]", #"[{"a":1, } ]"#]) func `a trailing comma is refused`(text: String) {
        #expect(Self.kit(Array(text.utf8)) == nil)
    }

    /// Nearly valid JSON: a text of the list with some bytes changed, removed, doubled or moved.
    @Test func `almost valid JSON is accepted or refused as by Foundation`() {
        var random = SplitMix(state: 0x5EED)
        let interesting = Array(#"{}[],:"\/tfn0123456789.eE+-u \#n\#tdD8"#.utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xA0, 0xF0, 0xFF]
        for _ in 0..<20_000 {
            var bytes = Array(Self.texts.randomElement(using: &random)!.utf8)
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes.insert(interesting.randomElement(using: &random)!, at: place)
                case 1: if place < bytes.count { bytes.remove(at: place) }
                default: if place < bytes.count { bytes[place] = interesting.randomElement(using: &random)! }
                }
            }
            // UTF-16 and UTF-32, which Foundation guesses by their zero bytes, are refused here (RFC 8259, section 8.1), and so is a trailing comma.
            let compact = bytes.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let endsInComma = zip(compact, compact.dropFirst()).contains { $0 == 0x2C && ($1 == 0x5D || $1 == 0x7D) }
            guard !bytes.contains(0), !endsInComma else { continue }
            let (ours, theirs) = (Self.kit(bytes), Self.foundation(bytes))
            // Foundation treats a number whose fraction a Double cannot represent as an integer.
            if case (.double(let number)?, .int(let whole)?) = (ours, theirs), number == Double(whole) { continue }
            #expect(ours == theirs, "\(String(decoding: bytes, as: UTF8.self)) \(bytes)")
        }
    }

    private class Base: Codable {
        var first = "1"
    }

    private final class Derived: Base {
        var second: Int? = 2

        override init() { super.init() }

        private enum CodingKeys: String, CodingKey { case second }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try super.encode(to: encoder)
            try container.encode(self.second, forKey: .second)
        }

        required init(from decoder: any Decoder) throws {
            self.second = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .second)
            try super.init(from: decoder)
        }
    }

    /// Writes itself into containers of containers.
    private struct Nested: Codable, Equatable {
        var a = 1
        var b = ["x", "y"]

        enum Keys: String, CodingKey { case outer, inner, list, after }

        init() {}

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var outer = container.nestedContainer(keyedBy: Keys.self, forKey: .outer)
            try outer.encode(self.a, forKey: .inner)
            var list = outer.nestedUnkeyedContainer(forKey: .list)
            for text in self.b { try list.encode(text) }
            var pair = list.nestedUnkeyedContainer()
            try pair.encodeNil()
            try pair.encode(1.25)
            var last = list.nestedContainer(keyedBy: Keys.self)
            try last.encodeNil(forKey: .inner)
            try self.a.encode(to: outer.superEncoder(forKey: .after))
            try container.encode(true, forKey: .after)
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            let outer = try container.nestedContainer(keyedBy: Keys.self, forKey: .outer)
            self.a = try outer.decode(Int.self, forKey: .inner)
            var list = try outer.nestedUnkeyedContainer(forKey: .list)
            self.b = [try list.decode(String.self), try list.decode(String.self)]
            var pair = try list.nestedUnkeyedContainer()
            #expect(try pair.decodeNil())
            #expect(try pair.decode(Double.self) == 1.25)
            #expect(pair.isAtEnd)
            #expect(try list.nestedContainer(keyedBy: Keys.self).decodeNil(forKey: .inner))
            #expect(try Int(from: outer.superDecoder(forKey: .after)) == self.a)
            #expect(try container.decode(Bool.self, forKey: .after))
        }
    }

    private struct Everything: Codable {
        var text = "a\"b\\c/d\u{8}\u{c}\n\r\t\u{1}\u{7f}é😀"
        var flags = [true, false]
        var numbers: [Double] = [0, -0.5, 1, 1e21, 1.5e-7, 123_456_789.125]
        var small: Int8 = -128
        var large: UInt64 = .max
        var float: Float = 0.1
        var missing: String?
        var maybe: Int? = 3
        var members = ["one": 1]
        var none = [String: Int]()
        var empty: [Int] = []
        var holes: [Int?] = [1, nil, 3]
        var nested = Nested()
        var objects = [Derived()]
    }

    @Test func `values encode as with Foundation`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let (ours, theirs) = (try JSON.encode(Everything()), Array(try encoder.encode(Everything())))
        // Foundation writes members in any order.
        #expect(Self.foundation(ours) == Self.foundation(theirs))
        #expect(ours.count == theirs.count)
        #expect(Self.kit(ours) == Self.kit(theirs))
        let again = try JSON.decode(Everything.self, from: ours)
        #expect(try JSON.encode(again) == ours)
    }

    @Test func `members keep the order in which they are written`() throws {
        struct Members: Encodable {
            var zulu = 1
            var alpha = "2"
            var mike: [Int] = []
        }
        #expect(String(decoding: try JSON.encode(Members()), as: UTF8.self) == #"{"zulu":1,"alpha":"2","mike":[]}"#)
    }

    @Test func `an infinite number is an error`() { #expect(throws: EncodingError.self) { try JSON.encode([Double.infinity]) } }

    @Test(arguments: [("1e400", "Double"), ("256", "UInt8"), ("-1", "UInt8"), ("-129", "Int8"), ("1.5", "Int8")])
    func `a number that does not fit its type is an error`(text: String, type: String) {
        let bytes = Array(text.utf8)
        #expect(throws: DecodingError.self) {
            switch type {
            case "Double": _ = try JSON.decode(Double.self, from: bytes)
            case "UInt8": _ = try JSON.decode(UInt8.self, from: bytes)
            default: _ = try JSON.decode(Int8.self, from: bytes)
            }
        }
    }

    @Test func `members are found in any order`() throws {
        struct Three: Decodable, Equatable {
            var a: Int
            var b: Int?
            var c: Int
        }
        for text in [#"{"a":1,"b":2,"c":3}"#, #"{"c":3,"x":[{"a":9}],"b":2,"a":1}"#, #"{"b":2,"\u0061":1,"c":3}"#] {
            #expect(try JSON.decode(Three.self, from: Array(text.utf8)) == Three(a: 1, b: 2, c: 3))
        }
        #expect(try JSON.decode(Three.self, from: Array(#"{"c":3,"a":1}"#.utf8)) == Three(a: 1, b: nil, c: 3))
    }

    /// The time is linear in the number of members: a hundred thousand take a moment.
    @Test(.timeLimit(.minutes(1))) func `a large dictionary is read in one go`() throws {
        let members = Dictionary(uniqueKeysWithValues: (0..<100_000).map { ("member \($0)", $0) })
        #expect(try JSON.decode([String: Int].self, from: JSON.encode(members)) == members)
    }
}

/// The same numbers in each run. https://prng.di.unimi.it/splitmix64.c
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
