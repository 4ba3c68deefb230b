public import Conveyor

/// JSON of a request or an answer: written as a literal, read without types.
typealias JSON = JSONValue

extension JSONValue {
    /// - Returns: nil if it is not JSON.
    init?(_ bytes: [UInt8]) {
        guard let value = try? Conveyor.JSON.decode(JSONValue.self, from: bytes) else { return nil }
        self = value
    }

    /// The bytes to send: the same each time, as a repeated idempotency key requires.
    var bytes: [UInt8] { (try? Conveyor.JSON.canonical(self)) ?? [] }

    var text: String? { self.string }
    var int: Int64? { self.integer }
    var list: [JSONValue] { self.array }
    var keys: Set<String> { Set(self.members.keys) }
    var isNull: Bool { self == .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A flag.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A list.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
}
