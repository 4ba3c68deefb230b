import FoundationEssentials

/// The bytes of a JSON text under construction, and its open objects and arrays.
///
/// A container is closed when its value has been written, or when a member is written to an enclosing one.
final class JSONOutput {
    /// An open object or array.
    enum Container: UInt8 {
        case object, array

        var end: UInt8 { self == .object ? UInt8(ascii: "}") : UInt8(ascii: "]") }
    }

    private(set) var bytes: [UInt8] = []
    private var open: [(container: Container, isEmpty: Bool)] = []

    init() { self.bytes.reserveCapacity(256) }

    /// The number of open containers.
    var depth: Int { self.open.count }

    // MARK: Objects and arrays

    /// Opens a container at a depth, or continues an open one, as for a class whose superclass has written its members.
    func open(_ container: Container, at depth: Int) {
        if self.open.count > depth, self.open[depth].container == container { return self.close(to: depth + 1) }
        self.close(to: depth)
        self.bytes.append(container == .object ? UInt8(ascii: "{") : UInt8(ascii: "["))
        self.open.append((container, true))
    }

    /// Closes the containers beyond a depth.
    func close(to depth: Int) {
        while self.open.count > depth { self.bytes.append(self.open.removeLast().container.end) }
    }

    /// Continues the container at `depth`, with a comma if it already has content.
    /// - Throws: an `EncodingError` if that container was closed: containers must be written one after the other.
    private func goOn(in depth: Int) throws {
        guard self.open.count >= depth else {
            throw EncodingError.invalidValue((), .init(codingPath: [], debugDescription: "written to a closed container"))
        }
        self.close(to: depth)
        if self.open[depth - 1].isEmpty { self.open[depth - 1].isEmpty = false } else { self.bytes.append(UInt8(ascii: ",")) }
    }

    /// Begins a member of an object.
    func begin(_ key: some CodingKey, in depth: Int) throws {
        try self.goOn(in: depth)
        self.append(key.stringValue)
        self.bytes.append(UInt8(ascii: ":"))
    }

    /// Begins an element of an array.
    func beginElement(in depth: Int) throws { try self.goOn(in: depth) }

    // MARK: Values

    func appendNull() { self.bytes += "null".utf8 }

    func append(_ flag: Bool) { self.bytes += flag ? "true".utf8 : "false".utf8 }

    func append(integer number: some FixedWidthInteger) { self.bytes.append(jsonNumber: number) }

    /// - Throws: an `EncodingError`: JSON has no infinity.
    func append(number: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard number.isFinite else {
            throw EncodingError.invalidValue(number, .init(codingPath: [], debugDescription: "not a number of JSON"))
        }
        let text = number.description
        self.bytes += text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...]
    }

    func append(_ text: String) { self.bytes.append(jsonText: text) }

    /// Any value. The most frequent types are written directly.
    func append<Value: Encodable>(value: Value) throws {
        if Value.self == ID.self, let id = value as? ID {
            self.bytes.append(UInt8(ascii: "\""))
            id.appendDescription(to: &self.bytes)
            self.bytes.append(UInt8(ascii: "\""))
        } else if Value.self == String.self, let text = value as? String {
            self.append(text)
        } else if Value.self == Date.self, let date = value as? Date {
            self.bytes.append(UInt8(ascii: "\""))
            Timestamp.append(milliseconds: Clock.milliseconds(date), to: &self.bytes)
            self.bytes.append(UInt8(ascii: "\""))
        } else {
            let (depth, count) = (self.depth, self.bytes.count)
            try value.encode(to: JSONWriter(output: self, depth: depth))
            self.close(to: depth)
            // A type without members.
            if self.bytes.count == count { self.bytes += "{}".utf8 }
        }
    }
}

extension [UInt8] {
    mutating func append(jsonNumber number: some FixedWidthInteger) {
        if let small = UInt8(exactly: number), small < 10 {
            self.append(UInt8(ascii: "0") + small)
        } else {
            self += number.description.utf8
        }
    }

    mutating func append(jsonText text: String) {
        self.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { characters in
            var done = 0
            for (index, byte) in characters.enumerated() where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                self += characters[done..<index]
                self.appendEscaped(byte)
                done = index + 1
            }
            self += characters[done...]
        }
        self.append(UInt8(ascii: "\""))
    }

    /// RFC 8259, section 7.
    private mutating func appendEscaped(_ byte: UInt8) {
        self.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: self.append(UInt8(ascii: "b"))
        case 0x09: self.append(UInt8(ascii: "t"))
        case 0x0A: self.append(UInt8(ascii: "n"))
        case 0x0C: self.append(UInt8(ascii: "f"))
        case 0x0D: self.append(UInt8(ascii: "r"))
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            self += "u00".utf8
            self += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: self.append(byte)
        }
    }
}
