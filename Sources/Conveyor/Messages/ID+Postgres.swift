public import Postgres

/// `uuid`. `Shop` knows no database and `Postgres` no shop, so the two meet here.
extension ID: PostgresEncodable, PostgresDecodable, PostgresArrayElement, PostgresScalar {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// `uuid[]`
    public static var postgresArrayType: PostgresType { .uuidArray }

    /// Its 16 bytes.
    public func encode(into buffer: inout ParameterBuffer) {
        buffer.append(self.high)
        buffer.append(self.low)
    }

    /// Every element behind its length.
    public static func encodeArray(_ elements: [ID], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: .uuid) { ($0.high.bigEndian, $0.low.bigEndian) }
    }

    /// Reads `uuid`.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> ID {
        guard type == .uuid else { throw .wrongType }
        guard bytes.byteCount == 16 else { throw .malformed }
        return ID(
            high: UInt64(bigEndian: bytes.unsafeLoadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
