/// The fields of a form or a query: `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing).
public struct Form: Sendable, Equatable {
    private var fields: [(name: String, value: String)] = []

    /// No fields.
    public init() {}

    /// Reads a query or the body of a form.
    public init(_ text: String) { self.init(Array(text.utf8)[...]) }

    /// Reads any input: invalid UTF-8 and NUL become replacement characters, and an invalid escape stands for itself.
    init(_ bytes: ArraySlice<UInt8>) {
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            self.fields.append((Self.decode(parts[0]), parts.count == 2 ? Self.decode(parts[1]) : ""))
        }
    }

    /// The first value of a name; nil if there is none.
    public subscript(name: String) -> String? { self.fields.first { $0.name == name }?.value }

    /// The value without surrounding white space; nil if nothing is left.
    public func text(_ name: String) -> String? {
        guard var value = self[name]?[...] else { return nil }
        while value.first?.isWhitespace == true { value.removeFirst() }
        while value.last?.isWhitespace == true { value.removeLast() }
        return value.isEmpty ? nil : String(value)
    }

    /// All values of a name.
    public func all(_ name: String) -> [String] { self.fields.filter { $0.name == name }.map(\.value) }

    /// Whether both have the same fields in the same order.
    public static func == (left: Form, right: Form) -> Bool { left.fields.elementsEqual(right.fields) { $0 == $1 } }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                if index + 2 < bytes.endIndex, let high = Self.digit(bytes[index + 1]), let low = Self.digit(bytes[index + 2]) {
                    decoded.append(high << 4 | low)
                    index += 2
                } else {
                    decoded.append(bytes[index])
                }
            case let byte: decoded.append(byte)
            }
            index += 1
        }
        // Postgres stores no NUL, so search for its replacement.
        return String(decoding: decoded, as: UTF8.self).replacing("\0", with: "\u{fffd}")
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension Form {
    /// Percent-encodes a text for a query or a path: all but RFC 3986's unreserved characters.
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default: escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }

    /// A query of the fields with a value: `?queue=orders&q=…`, or an empty text.
    public static func query(_ fields: [(name: String, value: String?)]) -> String {
        let pairs = fields.compactMap { field in field.value.map { "\(field.name)=\(Self.escaped($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
