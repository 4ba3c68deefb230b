/// `smallint`
extension Int16: PostgresScalar {
    /// `smallint`
    public static var postgresType: PostgresType { .int2 }
    /// `smallint[]`
    public static var postgresArrayType: PostgresType { .int2Array }
}

/// `integer`
extension Int32: PostgresScalar {
    /// `integer`
    public static var postgresType: PostgresType { .int4 }
    /// `integer[]`
    public static var postgresArrayType: PostgresType { .int4Array }
}

/// `bigint`
extension Int64: PostgresScalar {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`
    public static var postgresArrayType: PostgresType { .int8Array }
}

/// `bigint`
extension Int: PostgresScalar {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension PostgresScalar where Self: FixedWidthInteger & BitwiseCopyable {
    /// Network byte order.
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self) }

    /// Every element behind its length.
    public static func encodeArray(_ elements: [Self], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: Self.postgresType) { $0.bigEndian }
    }

    /// Reads any integer column, and `numeric` without a fraction (`sum(bigint)`), if the value fits.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Self {
        let value: Int64
        switch type {
        case .int8: value = try bytes.integer()
        case .int4: value = Int64(try bytes.integer(as: Int32.self))
        case .int2: value = Int64(try bytes.integer(as: Int16.self))
        case .oid: value = Int64(try bytes.integer(as: UInt32.self))
        case .numeric:
            guard let integer = Int64(try Numeric(bytes).text) else { throw .outOfRange }
            value = integer
        default: throw .wrongType
        }
        guard let result = Self(exactly: value) else { throw .outOfRange }
        return result
    }
}
