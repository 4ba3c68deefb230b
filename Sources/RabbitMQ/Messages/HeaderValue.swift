/// A message header's value: a field of an AMQP table with RabbitMQ's types (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3).
public enum HeaderValue: Sendable, Hashable {
    /// Text (`S`). Bytes that are not UTF-8 become ``bytes(_:)``.
    case string(String)
    /// Any signed or unsigned integer (`b B s u I i l L`); sent as 64 bits (`l`).
    case int(Int64)
    /// A boolean (`t`).
    case bool(Bool)
    /// A floating-point number (`d`, `f`); sent as 64 bits.
    case double(Double)
    /// A decimal (`D`): `unscaled` / 10^`scale`.
    case decimal(unscaled: Int32, scale: UInt8)
    /// A time in whole seconds since 1970 (`T`).
    case timestamp(Int64)
    /// Bytes (`x`).
    case bytes([UInt8])
    /// Nothing (`V`).
    case void
    /// A table (`F`).
    case table([String: HeaderValue])
    /// An array (`A`).
    case array([HeaderValue])

    /// The text, if it is one.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The integer, if it is one.
    public var int: Int64? { if case .int(let value) = self { value } else { nil } }
    /// The boolean, if it is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
}

extension HeaderValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
