/// A value that can be bound to `$1`: it knows its Postgres type and its binary format.
public protocol PostgresEncodable: Sendable {
    /// The parameter type that is sent to the server, so that `$1` needs no cast.
    static var postgresType: PostgresType { get }

    /// Appends the binary form, without its length.
    func encode(into buffer: inout ParameterBuffer)
}

/// A value that can be read from a column.
public protocol PostgresDecodable: Sendable {
    /// Reads the binary format of a value of `type`; never called for NULL.
    static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Self

    /// The value for NULL; nil if the type has none.
    static var whenNull: Self? { get }
}

extension PostgresDecodable {
    /// NULL is refused unless the type is an Optional.
    public static var whenNull: Self? { nil }
}

/// A value that could not be read; the row adds the column's name.
public enum DecodingFailure: Error, Sendable, Hashable {
    /// The column has a type that cannot be read as the Swift type.
    case wrongType
    /// NULL for a type that is not Optional.
    case null
    /// A number that does not fit.
    case outOfRange
    /// Bytes that are not the binary form of the type.
    case malformed
}

/// The Postgres type of `[Element]`: an array, or `bytea` for `[UInt8]`.
public protocol PostgresArrayElement: Sendable {
    /// The type of `[Self]`.
    static var postgresArrayType: PostgresType { get }

    /// Appends the binary form of the whole array.
    static func encodeArray(_ elements: [Self], into buffer: inout ParameterBuffer)

    /// Reads the binary form of a whole array.
    static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Self]
}

/// A single value that can be bound, read, and be an element of an array.
///
/// A `RawRepresentable` over such a value (an enum of strings) conforms by its declaration alone.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The raw value's type.
    public static var postgresType: PostgresType { RawValue.postgresType }
    /// Encodes the raw value.
    public func encode(into buffer: inout ParameterBuffer) { self.rawValue.encode(into: &buffer) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value; a value without a case is malformed.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Self {
        guard let value = Self(rawValue: try RawValue.decode(bytes, type: type)) else { throw .malformed }
        return value
    }
}

extension PostgresArrayElement where Self: RawRepresentable, RawValue: PostgresArrayElement {
    /// The raw value's array type.
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}
