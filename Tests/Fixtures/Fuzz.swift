import Foundation

/// Random inputs, the same for the same seed, among them the extremes of every type.
///
/// A run is short by default; in the environment, `FUZZ_SECONDS` sets its length and `FUZZ_SEED` its seed. It prints the number of inputs.
public struct Fuzz: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The inputs of a seed.
    public init(seed: UInt64) { self.state = seed }

    /// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    public mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = Self.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
    private static let seconds = Self.environment["FUZZ_SECONDS"].flatMap { Double($0) }

    /// Tries inputs in several tasks.
    /// - Parameters:
    ///   - count: the number of inputs in a short run.
    ///   - body: makes one input and checks the result.
    public static func run(
        _ name: String, _ count: Int, tasks: Int = 1, _ body: @escaping @Sendable (inout Fuzz) async throws -> Void
    ) async throws {
        let began = ContinuousClock.now
        let deadline = self.seconds.map { began + .seconds($0) }
        let seed = self.seed
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var fuzz = Fuzz(seed: seed &* 1_000_003 &+ UInt64(task))
                    var done = 0
                    while deadline.map({ ContinuousClock.now < $0 }) ?? (task + done * tasks < count) {
                        try await body(&fuzz)
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        print("fuzz: \(name): \(done) inputs, seed \(seed), \((seconds * 10).rounded() / 10) s")
    }

    // MARK: Random choices

    /// Returns true with a probability.
    public mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    /// One of several.
    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int.random(in: 0..<elements.count, using: &self)] }

    /// Random bytes of a length.
    public mutating func bytes(_ counts: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: counts, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// Bytes with some replaced, removed, doubled or swapped.
    public mutating func broken(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: self.bytes(1...8), at: place)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 8))
            case 4: bytes += bytes[..<place]
            default: bytes.swapAt(place, bytes.count - 1 - place)
            }
        }
        return bytes
    }

    /// Integers that may overflow, as text.
    public static let integers = [
        "0", "-0", "1", "-1", "16", "1000", "1001", "32767", "32768", "-32769", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "4294967296",
        "9007199254740993", "253402300799999999", "253402300800000000", "-62135596800000001", "-210866803200000000", "1000000000000", "1000000000001",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
        "340282366920938463463374607431768211456", "99999999999999999999999999999999999999999999999999999999999999999999",
    ]

    /// Texts that are not what they look like.
    public static let texts = [
        "", " ", "\t", "\n", "a", "A ", " A", "\u{0}", "a\u{0}b", "\u{7f}", "\u{85}", "\u{a0}", "\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}abc",
        "\u{2028}",
        "\u{2029}", "\u{feff}", "\u{fffd}", "\u{10ffff}", "\u{e000}", "e\u{301}", "\u{301}", "@\u{301}", "ß", "ẞ", "İ", "ı", "ſ", "\u{212a}", "ǆ",
        "ﬁ",
        "😀", "👩\u{200d}👩\u{200d}👧", "京都抹茶セット", "ك", "\u{1f1e9}\u{1f1ea}", "null", "true", "NaN", "1e400", "-1", "0x10", "١٢٣", "%00", "%", "%zz", "+",
        "../../etc/passwd", "/", "\\", "\"", "'", "`", "<script>alert(1)</script>", "'; drop table users; --", "{{7*7}}", "${jndi:ldap://x}", "a,b",
        "a;b",
        "http://evil.example/", "www.evil.example", "ada@example.com", "x@@\u{301}y", "a@b\u{a0}", "f\u{202e}gro@x.y", "=cmd|' /C calc'!A0",
        "00000000-0000-4000-8000-000000000000", "00000000-0000-0000-0000-00000000000", "{00000000-0000-4000-8000-000000000000}", "eur", "xyz", "GB",
        "1970-01-01",
        "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", String(repeating: "x", count: 300), String(repeating: "e\u{301}", count: 200),
        String(repeating: "😀", count: 2600), String(repeating: "0", count: 5000),
    ]

    /// Any JSON, well formed or not.
    public mutating func json() -> String {
        switch Int.random(in: 0..<10, using: &self) {
        case 0...2: return self.pick(Self.integers)
        case 3...5: return Self.quoted(self.pick(Self.texts))
        case 6:
            return self.pick([
                "null", "true", "false", "16.0", "1.5", "1e400", "-1e400", "1e308", "1E+2", "0.1e1", "-0.0", "1e-400", "5e-324", "1e19",
            ])
        case 7:
            return self.pick([
                "[]", "{}", "[[]]", "[null]", "{\"\":{}}", "{\"__proto__\":{\"a\":1}}", "{\"a\":1,\"a\":2}",
                "[" + Array(repeating: "{}", count: 101).joined(separator: ",") + "]",
                "[" + Array(repeating: "0", count: 30_000).joined(separator: ",") + "]",
                String(repeating: "[", count: 63) + String(repeating: "]", count: 63),
                String(repeating: "[", count: 600) + String(repeating: "]", count: 600),
                String(repeating: "{\"a\":", count: 100) + "1" + String(repeating: "}", count: 100),
            ])
        case 8:
            return self.pick([
                "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\u202e\"", "\"\\x\"", "\"\\u12\"", "\"\t\"",
            ])
        default:
            return self.pick([
                "NaN", "Infinity", "undefined", "'a'", "01", "+1", ".5", "1.", "0x1", "[1,]", "{,}", "{\"a\"}", "\"", "[", "}", "", "//", "nul",
            ])
        }
    }

    /// A text as JSON has it, with the least escapes.
    public static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": json += "\\\(scalar)"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    /// A text as a part of a URL: every byte but letters and digits as `%XX`.
    public static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(UnicodeScalar(byte)) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
        }.joined()
    }
}
