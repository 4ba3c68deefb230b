import RabbitMQ

/// AMQP headers as JSON: what JSON has as it is; bytes, times and decimals, which no message of ours carries, as their description.
enum HeaderJSON: Codable, Sendable, Equatable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case null
    case array([HeaderJSON])
    case table([String: HeaderJSON])

    /// A text longer than this is cut: what a person reads of a header. (A payload is kept whole.)
    private static let longest = 8192

    init(_ value: HeaderValue) {
        switch value {
        case .string(let text): self = .string(Self.shortened(text))
        case .int(let number): self = .int(number)
        // Neither infinity nor what is no number has a form in JSON.
        case .double(let number): self = number.isFinite ? .double(number) : .string("\(number)")
        case .bool(let flag): self = .bool(flag)
        case .void: self = .null
        case .array(let elements): self = .array(elements.map(HeaderJSON.init))
        case .table(let members): self = .table(Self.table(members))
        case .decimal(let unscaled, let scale): self = .string("\(unscaled)e-\(scale)")
        case .timestamp(let seconds): self = .string("\(seconds)")
        case .bytes(let bytes): self = .string(Self.shortened(String(decoding: bytes, as: UTF8.self)))
        }
    }

    /// All headers of a message.
    static func table(_ headers: [String: HeaderValue]) -> [String: HeaderJSON] {
        // Two names may become the same one.
        Dictionary(headers.map { ($0.key.withoutNUL, HeaderJSON($0.value)) }) { first, _ in first }
    }

    private static func shortened(_ text: String) -> String {
        (text.utf8.count <= Self.longest ? text : String(text.prefix(Self.longest / 4)) + " …").withoutNUL
    }

    init(from decoder: any Decoder) throws {
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
        } else if let elements = try? container.decode([HeaderJSON].self) {
            self = .array(elements)
        } else {
            self = .table(try container.decode([String: HeaderJSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .int(let number): try container.encode(number)
        case .double(let number): try container.encode(number)
        case .bool(let flag): try container.encode(flag)
        case .null: try container.encodeNil()
        case .array(let elements): try container.encode(elements)
        case .table(let members): try container.encode(members)
        }
    }

    var headerValue: HeaderValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .null: .void
        case .array(let elements): .array(elements.map(\.headerValue))
        case .table(let members): .table(members.mapValues(\.headerValue))
        }
    }

    /// The text, if it is one.
    var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The number, if it is one.
    var int: Int64? { if case .int(let number) = self { number } else { nil } }
}
