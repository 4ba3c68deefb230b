import Conveyor
import RabbitMQ

/// AMQP headers as JSON: unchanged where JSON has the type; bytes, times and decimals, which our messages do not contain, as text.
extension JSONValue {
    /// The limit of a header's text. (Payloads are stored whole.)
    private static let longest = 8192

    init(_ value: HeaderValue) {
        switch value {
        case .string(let text): self = .string(Self.shortened(text))
        case .int(let number): self = .int(number)
        // JSON has neither infinity nor NaN.
        case .double(let number): self = number.isFinite ? .double(number) : .string("\(number)")
        case .bool(let flag): self = .bool(flag)
        case .void: self = .null
        case .array(let elements): self = .array(elements.map(JSONValue.init))
        case .table(let members): self = .object(Self.headers(members))
        case .decimal(let unscaled, let scale): self = .string("\(unscaled)e-\(scale)")
        case .timestamp(let seconds): self = .string("\(seconds)")
        case .bytes(let bytes): self = .string(Self.shortened(String(decoding: bytes, as: UTF8.self)))
        }
    }

    /// All headers of a message.
    static func headers(_ headers: [String: HeaderValue]) -> [String: JSONValue] {
        // Two names may become the same.
        Dictionary(headers.map { ($0.key.withoutNUL, JSONValue($0.value)) }) { first, _ in first }
    }

    private static func shortened(_ text: String) -> String {
        (text.utf8.count <= Self.longest ? text : String(text.prefix(Self.longest / 4)) + " …").withoutNUL
    }

    /// Back to a header.
    var headerValue: HeaderValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .null: .void
        case .array(let elements): .array(elements.map(\.headerValue))
        case .object(let members): .table(members.mapValues(\.headerValue))
        }
    }
}
