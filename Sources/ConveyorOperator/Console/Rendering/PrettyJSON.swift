/// A JSON text set out in lines, every token unchanged: no number rounded, no escape decoded, no key sorted or lost.
struct PrettyJSON: Sendable, Equatable {
    /// Text of one kind, for colouring.
    struct Token: Sendable, Equatable {
        /// `key`, `string`, `number-token`, `word`, or nothing: a class of the stylesheet.
        var kind: String
        var text: String
    }

    private(set) var tokens: [Token] = []

    /// The whole text.
    var text: String { self.tokens.reduce(into: "") { $0 += $1.text } }

    /// Deeper than any message; beyond, there would be more indentation than text.
    private static let maxDepth = 64

    /// nil if it is not JSON (RFC 8259), not UTF-8, or nested too deeply.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = Reader(bytes: bytes)
        reader.skipBlanks()
        guard self.value(&reader, depth: 0) else { return nil }
        reader.skipBlanks()
        guard reader.isAtEnd else { return nil }
    }

    /// Whether two texts are the same JSON apart from white space. (The order of keys counts, to be on the safe side.)
    static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard let left = PrettyJSON(left), let right = PrettyJSON(right) else { return left == right }
        return left == right
    }

    private mutating func add(_ text: some Sequence<UInt8>, _ kind: String = "") {
        let text = String(decoding: Array(text), as: UTF8.self)
        if kind.isEmpty, let last = self.tokens.indices.last, self.tokens[last].kind.isEmpty {
            self.tokens[last].text += text
        } else {
            self.tokens.append(Token(kind: kind, text: text))
        }
    }

    private mutating func newLine(_ depth: Int) { self.add("\n".utf8 + Array(repeating: UInt8(ascii: " "), count: 2 * depth)) }

    private mutating func value(_ reader: inout Reader, depth: Int) -> Bool {
        guard depth <= Self.maxDepth, let byte = reader.peek else { return false }
        switch byte {
        case UInt8(ascii: "{"): return self.container(&reader, depth: depth, close: UInt8(ascii: "}"))
        case UInt8(ascii: "["): return self.container(&reader, depth: depth, close: UInt8(ascii: "]"))
        case UInt8(ascii: "\""):
            guard let text = reader.string() else { return false }
            self.add(text, "string")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard let text = reader.number() else { return false }
            self.add(text, "number-token")
        default:
            guard let text = reader.word() else { return false }
            self.add(text, "word")
        }
        return true
    }

    private mutating func container(_ reader: inout Reader, depth: Int, close: UInt8) -> Bool {
        let hasKeys = close == UInt8(ascii: "}")
        self.add(CollectionOfOne(reader.next()))
        reader.skipBlanks()
        if reader.take(close) {
            self.add(CollectionOfOne(close))
            return true
        }
        while true {
            self.newLine(depth + 1)
            if hasKeys {
                guard reader.peek == UInt8(ascii: "\""), let key = reader.string() else { return false }
                self.add(key, "key")
                reader.skipBlanks()
                guard reader.take(UInt8(ascii: ":")) else { return false }
                self.add(": ".utf8)
                reader.skipBlanks()
            }
            guard self.value(&reader, depth: depth + 1) else { return false }
            reader.skipBlanks()
            if reader.take(close) {
                self.newLine(depth)
                self.add(CollectionOfOne(close))
                return true
            }
            guard reader.take(UInt8(ascii: ",")) else { return false }
            self.add(",".utf8)
            reader.skipBlanks()
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { self.position == self.bytes.count }
        var peek: UInt8? { self.isAtEnd ? nil : self.bytes[self.position] }

        mutating func next() -> UInt8 {
            defer { self.position += 1 }
            return self.bytes[self.position]
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard self.peek == byte else { return false }
            self.position += 1
            return true
        }

        mutating func skipBlanks() {
            while let byte = self.peek, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { self.position += 1 }
        }

        mutating func string() -> ArraySlice<UInt8>? {
            let start = self.position
            self.position += 1
            while let byte = self.peek {
                self.position += 1
                switch byte {
                case UInt8(ascii: "\""): return self.bytes[start..<self.position]
                case UInt8(ascii: "\\"):
                    guard let escape = self.peek else { return nil }
                    self.position += 1
                    if escape == UInt8(ascii: "u") {
                        for _ in 0..<4 {
                            guard let digit = self.peek, Character(Unicode.Scalar(digit)).isHexDigit else { return nil }
                            self.position += 1
                        }
                    } else if !"\"\\/bfnrt".utf8.contains(escape) {
                        return nil
                    }
                case 0..<0x20: return nil
                default: break
                }
            }
            return nil
        }

        mutating func number() -> ArraySlice<UInt8>? {
            let start = self.position
            _ = self.take(UInt8(ascii: "-"))
            if !self.take(UInt8(ascii: "0")) { guard self.digits() else { return nil } }
            if self.take(UInt8(ascii: ".")) { guard self.digits() else { return nil } }
            if self.take(UInt8(ascii: "e")) || self.take(UInt8(ascii: "E")) {
                if !self.take(UInt8(ascii: "+")) { _ = self.take(UInt8(ascii: "-")) }
                guard self.digits() else { return nil }
            }
            return self.bytes[start..<self.position]
        }

        private mutating func digits() -> Bool {
            let start = self.position
            while let byte = self.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
            return self.position > start
        }

        mutating func word() -> ArraySlice<UInt8>? {
            for word in ["true", "false", "null"] where self.bytes[self.position...].starts(with: word.utf8) {
                defer { self.position += word.utf8.count }
                return self.bytes[self.position..<self.position + word.utf8.count]
            }
            return nil
        }
    }
}
