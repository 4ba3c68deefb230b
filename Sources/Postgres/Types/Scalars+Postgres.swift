public import FoundationEssentials

/// `boolean`
extension Bool: PostgresScalar {
    /// `boolean`
    public static var postgresType: PostgresType { .bool }
    /// `boolean[]`
    public static var postgresArrayType: PostgresType { .boolArray }
    /// One byte.
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self ? 1 : 0 as UInt8) }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [Bool], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: .bool) { $0 ? 1 : 0 as UInt8 }
    }
    /// Reads `boolean`.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Bool {
        guard type == .bool else { throw .wrongType }
        return try bytes.integer(as: UInt8.self) != 0
    }
}

/// `double precision`
extension Double: PostgresScalar {
    /// `double precision`
    public static var postgresType: PostgresType { .float8 }
    /// `double precision[]`
    public static var postgresArrayType: PostgresType { .float8Array }
    /// The bits of IEEE 754 in network byte order.
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self.bitPattern) }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [Double], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: .float8) { $0.bitPattern.bigEndian }
    }
    /// Reads `double precision`, `real` and `numeric` (to the nearest).
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Double {
        switch type {
        case .float8: return Double(bitPattern: try bytes.integer())
        case .float4: return Double(Float(bitPattern: try bytes.integer()))
        case .numeric:
            guard let value = Double(try Numeric(bytes).text) else { throw .outOfRange }
            return value
        default: throw .wrongType
        }
    }
}

/// `uuid`
extension UUID: PostgresScalar {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// `uuid[]`
    public static var postgresArrayType: PostgresType { .uuidArray }
    /// Its 16 bytes.
    public func encode(into buffer: inout ParameterBuffer) {
        unsafe withUnsafeBytes(of: self.uuid) { unsafe buffer.append($0) }
    }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [UUID], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: .uuid) { $0.uuid }
    }
    /// Reads `uuid`.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> UUID {
        guard type == .uuid else { throw .wrongType }
        guard bytes.byteCount == 16 else { throw .malformed }
        return unsafe UUID(uuid: bytes.unsafeLoadUnaligned(as: uuid_t.self))
    }
}

/// `timestamptz`, to the microsecond. Postgres counts from 2000-01-01 UTC.
extension Date: PostgresScalar {
    /// From Foundation's 2001-01-01 back to Postgres' 2000-01-01.
    private static let epochOffset = 366.0 * 86_400

    /// `timestamptz`
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamptz[]`
    public static var postgresArrayType: PostgresType { .timestamptzArray }
    /// Microseconds; dates out of range become `infinity` or `-infinity`.
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self.microseconds) }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [Date], into buffer: inout ParameterBuffer) {
        buffer.appendFixedArray(elements, of: .timestamptz) { $0.microseconds.bigEndian }
    }
    /// Reads `timestamptz`, and `timestamp` as UTC; `infinity` is a date at an infinite distance.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Date {
        guard type == .timestamptz || type == .timestamp else { throw .wrongType }
        switch try bytes.integer(as: Int64.self) {
        case .max: return Date(timeIntervalSinceReferenceDate: .infinity)
        case .min: return Date(timeIntervalSinceReferenceDate: -.infinity)
        case let microseconds: return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - self.epochOffset)
        }
    }

    /// 4713 BC to 294276 AD, the range of Postgres (`MIN_TIMESTAMP` and `END_TIMESTAMP` in its `datatype/timestamp.h`). Other dates become
    /// `-infinity` or `infinity`; sent unchanged, they would fail the whole statement.
    private static let kept: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000

    private var microseconds: Int64 {
        let value = ((self.timeIntervalSinceReferenceDate + Self.epochOffset) * 1_000_000).rounded()
        guard let microseconds = Int64(exactly: value), Self.kept.contains(microseconds) else { return value < 0 ? .min : .max }
        return microseconds
    }
}
