import FoundationEssentials

/// A JSON value that tests read.
public enum Document: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([Document])
    case object([String: Document])

    /// Parses JSON.
    public init(_ bytes: some Sequence<UInt8>) throws { self = try JSONDecoder().decode(Document.self, from: Data(bytes)) }

    /// Decodes any JSON value.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let array = try? value.decode([Document].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: Document].self))
        }
    }

    /// A member, or a member of a member; nil if there is none.
    public subscript(path: String...) -> Document? {
        path.reduce(self as Document?) { value, name in
            guard case .object(let members)? = value else { return nil }
            return members[name]
        }
    }

    /// The string.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The number.
    public var number: Double? { if case .number(let number) = self { number } else { nil } }
    /// The number, if it is an integer.
    public var integer: Int? { self.number.flatMap { Int(exactly: $0) } }
    /// The boolean.
    public var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The elements.
    public var array: [Document]? { if case .array(let array) = self { array } else { nil } }
    /// The members.
    public var members: [String: Document]? { if case .object(let members) = self { members } else { nil } }
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }
}
