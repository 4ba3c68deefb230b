import FoundationEssentials
import Yams

/// Any JSON, to read and compare. Numbers are integers: messages contain no others.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses a JSON text.
    init(json: [UInt8]) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(json)) }

    /// Converts a YAML value by YAML's own rules: a quoted scalar is text.
    init(yaml node: Node) throws {
        switch node {
        case .mapping(let mapping):
            self = .object(
                try Dictionary(
                    uniqueKeysWithValues: mapping.map { key, value in
                        guard case .scalar(let key) = key else { throw Unexpected(description: "a key that is no scalar") }
                        return (key.string, try JSONValue(yaml: value))
                    }))
        case .sequence(let sequence): self = .array(try sequence.map { try JSONValue(yaml: $0) })
        case .scalar(let scalar):
            if scalar.style != .plain {
                self = .string(scalar.string)
            } else if let bool = Bool.construct(from: scalar) {
                self = .bool(bool)
            } else if let int = Int64.construct(from: scalar) {
                self = .int(int)
            } else {
                self = .string(scalar.string)
            }
        case .alias: throw Unexpected(description: "an alias")
        }
    }

    /// A member of an object; nil for other values.
    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The members of an object; empty for other values.
    var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
    /// The elements of an array; empty for other values.
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    /// The text of a string.
    var text: String? { if case .string(let text) = self { text } else { nil } }
    /// The value of a number.
    var number: Int64? { if case .int(let number) = self { number } else { nil } }

    /// Its JSON text.
    var json: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }

    /// An error in a file.
    struct Unexpected: Error, CustomStringConvertible {
        var description: String
    }
}

extension JSONValue: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .int(value) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }
}
