/// A validated JSON text (RFC 8259) with an index of its values: read once from front to back, in one array.
///
/// Strings and numbers are converted only on demand.
final class JSONDocument {
    /// The kind of a value.
    enum Kind: UInt8 {
        case null, `false`, `true`, number, string, array, object
    }

    /// A value, or the name of a member, whose value is the following node.
    struct Node {
        var kind: Kind
        /// For a text: it contains escapes. For a number: it has a fraction or an exponent.
        var isComplex = false
        /// The position of its beginning; for a text, after the quote.
        var start: Int32
        /// The position of its end; for a text, before the quote.
        var end: Int32 = 0
        /// The index of the node after it and its content.
        var next: Int32 = 0
        /// For an array or object: the number of elements or members.
        var count: Int32 = 0
        /// For an object: the last name that was found. Members are usually read in order, so the next search starts here.
        var cursor: Int32 = 0
    }

    let bytes: [UInt8]
    private(set) var nodes: [Node] = []

    /// - Throws: a `DecodingError` if it is not JSON or not UTF-8; `JSON.Limits.Exceeded`.
    init(_ bytes: [UInt8], within limits: JSON.Limits) throws {
        self.bytes = bytes
        self.nodes.reserveCapacity(32)
        var parser = try JSONParser(bytes)
        try parser.parse(into: &self.nodes, within: limits)
    }

    static let malformed = DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not JSON"))

    // MARK: Values

    /// The text of a string node.
    func string(_ node: Node) -> String {
        let raw = self.bytes[Int(node.start)..<Int(node.end)]
        return node.isComplex ? Self.unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// The UUID in a string node.
    func id(_ node: Node) -> ID? {
        if node.isComplex { return ID(self.string(node)) }
        return self.bytes[Int(node.start)..<Int(node.end)].withUnsafeBufferPointer { ID(hexadecimal: $0) }
    }

    /// Whether a name or a text contains the character NUL, which is possible only as an escape.
    var hasNUL: Bool { self.nodes.contains { $0.kind == .string && $0.isComplex && self.string($0).utf8.contains(0) } }

    /// Whether a string node equals this text.
    private func isEqual(_ node: Node, _ text: borrowing String) -> Bool {
        if node.isComplex { return self.string(node) == text }
        let (count, utf8) = (Int(node.end - node.start), text.utf8)
        guard utf8.count == count else { return false }
        var index = Int(node.start)
        for byte in utf8 {
            if self.bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// The value of an object's member; nil if there is none. If the name is repeated, any of them.
    func member(_ name: String, of object: Int) -> Int? {
        let node = self.nodes[object]
        let (first, last) = (object + 1, Int(node.next))
        var index = max(first, Int(node.cursor))
        for _ in 0..<node.count {
            if index >= last { index = first }
            if self.isEqual(self.nodes[index], name) {
                self.nodes[object].cursor = Int32(index)
                return index + 1
            }
            index = Int(self.nodes[index + 1].next)
        }
        return nil
    }

    /// The names of an object's members, in order.
    func names(of object: Int) -> [String] {
        var names: [String] = []
        names.reserveCapacity(Int(self.nodes[object].count))
        var index = object + 1
        while index < self.nodes[object].next {
            names.append(self.string(self.nodes[index]))
            index = Int(self.nodes[index + 1].next)
        }
        return names
    }

    /// An integer; `16.0` counts as one. nil for other values, or if it does not fit.
    func integer<Integer: FixedWidthInteger>(_ node: Node, as type: Integer.Type) -> Integer? {
        if node.isComplex {
            // A number with more than 53 significant bits would be changed.
            guard let number = self.double(node), abs(number) < 0x1p53 else { return nil }
            return Integer(exactly: number)
        }
        var value: Integer = 0
        let isNegative = self.bytes[Int(node.start)] == UInt8(ascii: "-")
        for byte in self.bytes[(Int(node.start) + (isNegative ? 1 : 0))..<Int(node.end)] {
            let (product, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            guard !hasOverflown, let digit = Integer(exactly: byte &- UInt8(ascii: "0")) else { return nil }
            let (sum, isTooMuch) = isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if isTooMuch { return nil }
            value = sum
        }
        return value
    }

    /// A number; nil if it does not fit.
    func double(_ node: Node) -> Double? {
        Double(String(decoding: self.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }

    /// Any value as a whole.
    func value(at index: Int) throws -> JSONValue {
        let node = self.nodes[index]
        switch node.kind {
        case .null: return .null
        case .false: return .bool(false)
        case .true: return .bool(true)
        case .string: return .string(self.string(node))
        case .number:
            if let number = self.integer(node, as: Int64.self) { return .int(number) }
            guard let number = self.double(node) else { throw self.corrupted(index, "not a number that fits") }
            return .double(number)
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(node.count))
            var child = index + 1
            while child < node.next {
                elements.append(try self.value(at: child))
                child = Int(self.nodes[child].next)
            }
            return .array(elements)
        case .object:
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(Int(node.count))
            var child = index + 1
            while child < node.next {
                let name = self.string(self.nodes[child])
                if members[name] == nil { members[name] = try self.value(at: child + 1) }
                child = Int(self.nodes[child + 1].next)
            }
            return .object(members)
        }
    }

    // MARK: Errors

    /// The path of a node, found from the root: only errors need it.
    func path(to index: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var container = 0
        descent: while container < index {
            let node = self.nodes[container]
            var (child, place) = (container + 1, 0)
            while child < node.next {
                let value = node.kind == .object ? child + 1 : child
                if index < self.nodes[value].next {
                    path.append(node.kind == .object ? JSONKey.name(self.string(self.nodes[child])) : JSONKey.index(place))
                    container = value
                    continue descent
                }
                (child, place) = (Int(self.nodes[value].next), place + 1)
            }
            break
        }
        return path
    }

    func corrupted(_ index: Int, _ text: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: self.path(to: index), debugDescription: text))
    }

    /// The message for a value of the wrong type.
    func mismatch(_ index: Int, _ type: any Any.Type) -> DecodingError {
        let context = DecodingError.Context(codingPath: self.path(to: index), debugDescription: "another type")
        return self.nodes[index].kind == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    // MARK: Texts

    /// RFC 8259, section 7. The parser has validated it.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var rest = raw
        func code(_ digits: ArraySlice<UInt8>) -> UInt32 { digits.reduce(0) { $0 << 4 | UInt32(JSONParser.hexadecimal($1) ?? 0) } }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = code(rest.prefix(4))
                rest = rest.dropFirst(4)
                if 0xD800...0xDBFF ~= scalar {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + code(rest.dropFirst(2).prefix(4)) - 0xDC00
                    rest = rest.dropFirst(6)
                }
                if let scalar = Unicode.Scalar(scalar) { bytes += UTF8.encode(scalar) ?? .init() }
            default: bytes.append(escaped)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
