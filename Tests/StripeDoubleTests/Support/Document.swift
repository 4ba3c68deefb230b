import FoundationEssentials

/// A JSON value that tests look into.
enum Document: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([Document])
    case object([String: Document])

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(Document.self, from: Data(bytes)) }

    init(from decoder: any Decoder) throws {
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

    /// A member, and members of it; nil if there is none.
    subscript(path: String...) -> Document? {
        path.reduce(self as Document?) { value, name in
            guard case .object(let members)? = value else { return nil }
            return members[name]
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var integer: Int? { if case .number(let number) = self { Int(exactly: number) } else { nil } }
    var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    var array: [Document]? { if case .array(let array) = self { array } else { nil } }
    var isNull: Bool { self == .null }
}
