/// The fields of a request or a response, in their order; names are compared without case (RFC 9110, section 5.1).
public struct HTTPHeaders: Sendable, Hashable {
    /// One line: a name and a value, without the line's end.
    public struct Field: Sendable, Hashable {
        /// As it was written.
        public let name: String
        /// Without the blanks around it.
        public let value: String
    }

    /// All lines, repeated names too.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// The first value of that name; set, it replaces all of that name, and `nil` removes them.
    public subscript(name: String) -> String? {
        get { self.fields.first { sameName($0.name, name) }?.value }
        set {
            self.fields.removeAll { sameName($0.name, name) }
            if let newValue { self.add(name, newValue) }
        }
    }

    /// Every value of that name, in order.
    public func values(_ name: String) -> [String] {
        self.fields.filter { sameName($0.name, name) }.map(\.value)
    }

    /// Appends a line, whether the name is there already or not.
    public mutating func add(_ name: String, _ value: String) {
        self.fields.append(Field(name: name, value: value))
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    /// `["Content-Type": "application/json"]`
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self.add(name, value) }
    }
}

/// Field names are ASCII, so only the letters A–Z have a second form.
private func sameName(_ one: String, _ other: String) -> Bool {
    func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    return one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lowered($0) == lowered($1) }
}
