import FoundationEssentials

/// The decoder of a value: a document, and a position in it.
struct JSONReader: Decoder {
    let document: JSONDocument
    let index: Int

    var codingPath: [any CodingKey] { self.document.path(to: self.index) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var node: JSONDocument.Node { self.document.nodes[self.index] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard self.node.kind == .object else { throw self.document.mismatch(self.index, [String: Any].self) }
        return KeyedDecodingContainer(JSONObjectReader<Key>(document: self.document, index: self.index))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard self.node.kind == .array else { throw self.document.mismatch(self.index, [Any].self) }
        return JSONArrayReader(document: self.document, index: self.index)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    /// Any value. The most frequent types are read directly.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == ID.self {
            guard self.node.kind == .string else { throw self.document.mismatch(self.index, String.self) }
            guard let id = self.document.id(self.node) as? Value else { throw self.document.corrupted(self.index, "not a UUID") }
            return id
        }
        if type == String.self, let text = try self.decode(String.self) as? Value { return text }
        if type == JSONValue.self, let value = try self.document.value(at: self.index) as? Value { return value }
        if type == Date.self {
            guard let date = Timestamp.date(try self.decode(String.self)) as? Value else {
                throw self.document.corrupted(self.index, "not a time of RFC 3339")
            }
            return date
        }
        return try Value(from: self)
    }
}

extension JSONReader: SingleValueDecodingContainer {
    func decodeNil() -> Bool { self.node.kind == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        switch self.node.kind {
        case .true: true
        case .false: false
        default: throw self.document.mismatch(self.index, type)
        }
    }

    func decode(_ type: String.Type) throws -> String {
        let node = self.node
        guard node.kind == .string else { throw self.document.mismatch(self.index, type) }
        return self.document.string(node)
    }

    func decode(_ type: Double.Type) throws -> Double {
        let node = self.node
        guard node.kind == .number else { throw self.document.mismatch(self.index, type) }
        guard let number = self.document.double(node) else { throw self.document.corrupted(self.index, "a number that does not fit") }
        return number
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try self.decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try self.integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try self.integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try self.integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try self.integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try self.integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try self.integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try self.integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try self.integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try self.integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try self.integer() }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try self.value(type) }

    private func integer<Integer: FixedWidthInteger>() throws -> Integer {
        let node = self.node
        guard node.kind == .number else { throw self.document.mismatch(self.index, Integer.self) }
        guard let number = self.document.integer(node, as: Integer.self) else {
            throw self.document.corrupted(self.index, "a number that does not fit")
        }
        return number
    }
}

/// An object's members.
struct JSONObjectReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let document: JSONDocument
    let index: Int

    var codingPath: [any CodingKey] { self.document.path(to: self.index) }
    var allKeys: [Key] { self.document.names(of: self.index).compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { self.document.member(key.stringValue, of: self.index) != nil }

    private func reader(_ key: some CodingKey) throws -> JSONReader {
        guard let member = self.document.member(key.stringValue, of: self.index) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: self.codingPath, debugDescription: "missing"))
        }
        return JSONReader(document: self.document, index: member)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try self.reader(key).decodeNil() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try self.reader(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try self.reader(key).decode(type) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try self.reader(key).decode(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try self.reader(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try self.reader(key).decode(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try self.reader(key).decode(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try self.reader(key).decode(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try self.reader(key).decode(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try self.reader(key).decode(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try self.reader(key).decode(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try self.reader(key).decode(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try self.reader(key).decode(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try self.reader(key).decode(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try self.reader(key).decode(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try self.reader(key).value(type) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type, forKey key: Key) throws -> KeyedDecodingContainer<NestedKey> {
        try self.reader(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try self.reader(key).unkeyedContainer() }

    func superDecoder() throws -> any Decoder { try self.reader(JSONKey.super) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try self.reader(key) }
}

/// An array's elements.
struct JSONArrayReader: UnkeyedDecodingContainer {
    let document: JSONDocument
    private let index: Int
    private var next: Int
    private(set) var currentIndex = 0

    init(document: JSONDocument, index: Int) {
        self.document = document
        self.index = index
        self.next = index + 1
    }

    var codingPath: [any CodingKey] { self.document.path(to: self.index) }
    var count: Int? { Int(self.document.nodes[self.index].count) }
    var isAtEnd: Bool { self.currentIndex >= Int(self.document.nodes[self.index].count) }

    private func current(_ type: any Any.Type) throws -> JSONReader {
        guard !self.isAtEnd else {
            throw DecodingError.valueNotFound(
                type, .init(codingPath: self.codingPath + [JSONKey.index(self.currentIndex)], debugDescription: "there are no more"))
        }
        return JSONReader(document: self.document, index: self.next)
    }

    private mutating func advance() {
        self.next = Int(self.document.nodes[self.next].next)
        self.currentIndex += 1
    }

    mutating func decodeNil() throws -> Bool {
        guard try self.current(Never.self).decodeNil() else { return false }
        self.advance()
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try self.current(type).value(type)
        self.advance()
        return value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) throws -> KeyedDecodingContainer<NestedKey> {
        let container = try self.current(KeyedDecodingContainer<NestedKey>.self).container(keyedBy: type)
        self.advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try self.current((any UnkeyedDecodingContainer).self).unkeyedContainer()
        self.advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let reader = try self.current((any Decoder).self)
        self.advance()
        return reader
    }
}
