/// The fields of a request or a response, in order; names are compared without case (RFC 9110, section 5.1).
public struct HTTPHeaders: Sendable, Hashable {
    /// One line: name and value, without the line end.
    public struct Field: Sendable, Hashable {
        /// As written.
        public let name: String
        /// Without surrounding white space.
        public let value: String
    }

    /// All lines, including repeated names.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// The first value of a name. Setting it replaces all values of that name; `nil` removes them.
    public subscript(name: String) -> String? {
        get { self.fields.first { sameName($0.name, name) }?.value }
        set {
            self.fields.removeAll { sameName($0.name, name) }
            if let newValue { self.add(name, newValue) }
        }
    }

    /// All values of a name, in order.
    public func values(_ name: String) -> [String] {
        self.fields.filter { sameName($0.name, name) }.map(\.value)
    }

    /// Appends a line; an existing one of the same name stays.
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

/// Field names are ASCII, so only A–Z have a second form.
private func sameName(_ one: String, _ other: String) -> Bool {
    func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    return one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lowered($0) == lowered($1) }
}
