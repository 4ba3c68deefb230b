/// Indexes the values of a JSON text (RFC 8259), from front to back and without recursion.
struct JSONParser: ~Copyable {
    private let bytes: [UInt8]
    private var index = 0

    /// - Throws: a `DecodingError` if it is not UTF-8, or too long for the index.
    init(_ bytes: [UInt8]) throws {
        guard bytes.count < Int32.max else { throw JSONDocument.malformed }
        do { _ = try UTF8Span(validating: bytes.span) } catch { throw JSONDocument.malformed }
        self.bytes = bytes
    }

    /// Appends a node for each value and each name, followed by the nodes of its content.
    /// - Throws: a `DecodingError`, `JSON.Limits.Exceeded`.
    mutating func parse(into nodes: inout [JSONDocument.Node], within limits: JSON.Limits) throws {
        /// The open arrays and objects.
        var open: [Int] = []
        value: while true {
            try self.parseValue(into: &nodes)
            guard nodes.count <= limits.values else { throw JSON.Limits.Exceeded.values(limits.values) }
            let last = nodes.count - 1
            if nodes[last].kind == .array || nodes[last].kind == .object {
                guard open.count < limits.depth else { throw JSON.Limits.Exceeded.depth(limits.depth) }
                let isObject = nodes[last].kind == .object
                if self.skip(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    nodes[last].next = Int32(nodes.count)
                } else {
                    open.append(last)
                    if isObject { try self.parseName(into: &nodes) }
                    continue value
                }
            }
            // A value is complete: its container continues, or is complete too.
            while let container = open.last {
                nodes[container].count += 1
                let isObject = nodes[container].kind == .object
                if self.skip(UInt8(ascii: ",")) {
                    if isObject { try self.parseName(into: &nodes) }
                    continue value
                }
                guard self.skip(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw JSONDocument.malformed }
                nodes[container].next = Int32(nodes.count)
                open.removeLast()
            }
            self.skipBlanks()
            guard self.index == self.bytes.count else { throw JSONDocument.malformed }
            return
        }
    }

    private mutating func skipBlanks() {
        while self.index < self.bytes.count {
            switch self.bytes[self.index] {
            case 0x20, 0x0A, 0x0D, 0x09: self.index += 1
            default: return
            }
        }
    }

    /// Skips white space and this byte, if it is the next one; returns whether it was.
    private mutating func skip(_ byte: UInt8) -> Bool {
        self.skipBlanks()
        guard self.index < self.bytes.count, self.bytes[self.index] == byte else { return false }
        self.index += 1
        return true
    }

    private mutating func parseName(into nodes: inout [JSONDocument.Node]) throws {
        guard self.skip(UInt8(ascii: "\"")) else { throw JSONDocument.malformed }
        try self.parseString(into: &nodes)
        guard self.skip(UInt8(ascii: ":")) else { throw JSONDocument.malformed }
    }

    private mutating func parseValue(into nodes: inout [JSONDocument.Node]) throws {
        self.skipBlanks()
        guard self.index < self.bytes.count else { throw JSONDocument.malformed }
        let start = self.index
        self.index += 1
        switch self.bytes[start] {
        case UInt8(ascii: "\""): try self.parseString(into: &nodes)
        case UInt8(ascii: "{"): nodes.append(.init(kind: .object, start: Int32(start)))
        case UInt8(ascii: "["): nodes.append(.init(kind: .array, start: Int32(start)))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try self.parseNumber(from: start, into: &nodes)
        case UInt8(ascii: "n"): try self.parseWord("null", .null, into: &nodes)
        case UInt8(ascii: "t"): try self.parseWord("true", .true, into: &nodes)
        case UInt8(ascii: "f"): try self.parseWord("false", .false, into: &nodes)
        default: throw JSONDocument.malformed
        }
    }

    private mutating func parseWord(_ word: StaticString, _ kind: JSONDocument.Kind, into nodes: inout [JSONDocument.Node]) throws {
        let start = self.index - 1
        self.index = start + word.utf8CodeUnitCount
        guard self.index <= self.bytes.count,
            word.withUTF8Buffer({ self.bytes[start..<self.index].elementsEqual($0) })
        else { throw JSONDocument.malformed }
        self.append(kind, isComplex: false, from: start, to: self.index, into: &nodes)
    }

    private func append(_ kind: JSONDocument.Kind, isComplex: Bool, from start: Int, to end: Int, into nodes: inout [JSONDocument.Node]) {
        nodes.append(.init(kind: kind, isComplex: isComplex, start: Int32(start), end: Int32(end), next: Int32(nodes.count + 1)))
    }

    /// After the quote.
    private mutating func parseString(into nodes: inout [JSONDocument.Node]) throws {
        let start = self.index
        var isComplex = false
        while self.index < self.bytes.count {
            switch self.bytes[self.index] {
            case UInt8(ascii: "\""):
                self.append(.string, isComplex: isComplex, from: start, to: self.index, into: &nodes)
                self.index += 1
                return
            case UInt8(ascii: "\\"):
                isComplex = true
                self.index += 1
                try self.parseEscape()
            case 0..<0x20: throw JSONDocument.malformed
            default: self.index += 1
            }
        }
        throw JSONDocument.malformed
    }

    /// After the backslash.
    private mutating func parseEscape() throws {
        guard self.index < self.bytes.count else { throw JSONDocument.malformed }
        let byte = self.bytes[self.index]
        self.index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            let code = try self.parseCodeUnit()
            switch code {
            case 0xD800...0xDBFF:
                // A high surrogate: the low one must follow.
                guard self.bytes[self.index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { throw JSONDocument.malformed }
                self.index += 2
                guard 0xDC00...0xDFFF ~= (try self.parseCodeUnit()) else { throw JSONDocument.malformed }
            case 0xDC00...0xDFFF: throw JSONDocument.malformed
            default: return
            }
        default: throw JSONDocument.malformed
        }
    }

    private mutating func parseCodeUnit() throws -> UInt32 {
        guard self.index + 4 <= self.bytes.count else { throw JSONDocument.malformed }
        var code: UInt32 = 0
        for byte in self.bytes[self.index..<self.index + 4] {
            guard let digit = Self.hexadecimal(byte) else { throw JSONDocument.malformed }
            code = code << 4 | UInt32(digit)
        }
        self.index += 4
        return code
    }

    /// The value of a digit.
    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// After the sign or the first digit.
    private mutating func parseNumber(from start: Int, into nodes: inout [JSONDocument.Node]) throws {
        self.index = start
        if self.bytes[self.index] == UInt8(ascii: "-") { self.index += 1 }
        let first = self.index
        guard self.skipDigits() > 0 else { throw JSONDocument.malformed }
        guard self.bytes[first] != UInt8(ascii: "0") || self.index == first + 1 else { throw JSONDocument.malformed }
        var isComplex = false
        if self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: ".") {
            isComplex = true
            self.index += 1
            guard self.skipDigits() > 0 else { throw JSONDocument.malformed }
        }
        if self.index < self.bytes.count, self.bytes[self.index] | 0x20 == UInt8(ascii: "e") {
            isComplex = true
            self.index += 1
            if self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: "+") || self.bytes[self.index] == UInt8(ascii: "-") {
                self.index += 1
            }
            guard self.skipDigits() > 0 else { throw JSONDocument.malformed }
        }
        self.append(.number, isComplex: isComplex, from: start, to: self.index, into: &nodes)
    }

    private mutating func skipDigits() -> Int {
        let start = self.index
        while self.index < self.bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= self.bytes[self.index] { self.index += 1 }
        return self.index - start
    }
}
