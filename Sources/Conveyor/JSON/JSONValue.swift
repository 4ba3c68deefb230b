/// Any JSON, to store it unchanged, compare it, or read it without a type.
public enum JSONValue: Codable, Sendable, Hashable {
    case null
    case bool(Bool)
    /// An integer of 64 bits.
    case int(Int64)
    /// Any other number.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Decodes any JSON value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .int(number)
        } else if let number = try? container.decode(Double.self) {
            self = .double(number)
        } else if let elements = try? container.decode([JSONValue].self) {
            self = .array(elements)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Writes the same JSON, except for the order of members, white space, and the notation of numbers.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .int(let number): try container.encode(number)
        case .double(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }
}

extension JSONValue {
    /// The member with a name; null if there is none, or the value is not an object.
    public subscript(name: String) -> JSONValue { if case .object(let members) = self { members[name] ?? .null } else { .null } }

    /// The text of a string; nil for other values.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The value of an integer; nil for other values.
    public var integer: Int64? { if case .int(let number) = self { number } else { nil } }
    /// The value of a boolean; nil for other values.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The elements of an array; empty for other values.
    public var array: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    /// The members of an object; empty for other values.
    public var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
}
