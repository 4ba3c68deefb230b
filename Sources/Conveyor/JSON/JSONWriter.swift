/// The encoder of a value: all parts write to one output, at its current position.
///
/// `codingPath` is always empty: no error here depends on it.
struct JSONWriter: Encoder {
    let output: JSONOutput
    /// The number of open containers before the value.
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        self.output.open(.object, at: self.depth)
        return KeyedEncodingContainer(JSONObjectWriter<Key>(output: self.output, depth: self.depth + 1))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        self.output.open(.array, at: self.depth)
        return JSONArrayWriter(output: self.output, depth: self.depth + 1)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONValueWriter(output: self.output) }
}

/// An object's members.
struct JSONObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: JSONOutput
    /// The number of open containers while this is the innermost.
    let depth: Int
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        self.output.appendNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        self.output.append(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        self.output.append(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        try self.output.append(number: value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        try self.output.append(number: value)
    }

    func encode(_ value: Int, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try self.encodeInteger(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try self.encodeInteger(value, key) }

    private func encodeInteger(_ value: some FixedWidthInteger, _ key: Key) throws {
        try self.output.begin(key, in: self.depth)
        self.output.append(integer: value)
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try self.output.begin(key, in: self.depth)
        try self.output.append(value: value)
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type, forKey key: Key) -> KeyedEncodingContainer<NestedKey> {
        self.superEncoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { self.superEncoder(forKey: key).unkeyedContainer() }

    func superEncoder() -> any Encoder { self.encoder(JSONKey.super) }

    func superEncoder(forKey key: Key) -> any Encoder { self.encoder(key) }

    private func encoder(_ key: some CodingKey) -> any Encoder {
        // The protocol does not let this throw; writing to a closed container is a programming error.
        do { try self.output.begin(key, in: self.depth) } catch { preconditionFailure("\(error)") }
        return JSONWriter(output: self.output, depth: self.depth)
    }
}

/// An array's elements.
struct JSONArrayWriter: UnkeyedEncodingContainer {
    let output: JSONOutput
    /// The number of open containers while this is the innermost.
    let depth: Int
    var codingPath: [any CodingKey] { [] }
    private(set) var count = 0

    init(output: JSONOutput, depth: Int) {
        self.output = output
        self.depth = depth
    }

    private mutating func begin() throws {
        try self.output.beginElement(in: self.depth)
        self.count += 1
    }

    mutating func encodeNil() throws {
        try self.begin()
        self.output.appendNull()
    }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        try self.begin()
        try self.output.append(value: value)
    }

    mutating func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        self.superEncoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self.superEncoder().unkeyedContainer() }

    mutating func superEncoder() -> any Encoder {
        do { try self.begin() } catch { preconditionFailure("\(error)") }
        return JSONWriter(output: self.output, depth: self.depth)
    }
}

/// One value.
struct JSONValueWriter: SingleValueEncodingContainer {
    let output: JSONOutput
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { self.output.appendNull() }
    func encode(_ value: Bool) throws { self.output.append(value) }
    func encode(_ value: String) throws { self.output.append(value) }
    func encode(_ value: Double) throws { try self.output.append(number: value) }
    func encode(_ value: Float) throws { try self.output.append(number: value) }
    func encode(_ value: Int) throws { self.output.append(integer: value) }
    func encode(_ value: Int8) throws { self.output.append(integer: value) }
    func encode(_ value: Int16) throws { self.output.append(integer: value) }
    func encode(_ value: Int32) throws { self.output.append(integer: value) }
    func encode(_ value: Int64) throws { self.output.append(integer: value) }
    func encode(_ value: UInt) throws { self.output.append(integer: value) }
    func encode(_ value: UInt8) throws { self.output.append(integer: value) }
    func encode(_ value: UInt16) throws { self.output.append(integer: value) }
    func encode(_ value: UInt32) throws { self.output.append(integer: value) }
    func encode(_ value: UInt64) throws { self.output.append(integer: value) }
    func encode<Value: Encodable>(_ value: Value) throws { try self.output.append(value: value) }
}

/// A key without its own type: `super`, an index, a name found at run time.
enum JSONKey: CodingKey {
    case name(String)
    case index(Int)

    static let `super` = JSONKey.name("super")

    init?(stringValue: String) { self = .name(stringValue) }
    init?(intValue: Int) { self = .index(intValue) }

    var stringValue: String {
        switch self {
        case .name(let name): name
        case .index(let index): "Index \(index)"
        }
    }

    var intValue: Int? { if case .index(let index) = self { index } else { nil } }
}
