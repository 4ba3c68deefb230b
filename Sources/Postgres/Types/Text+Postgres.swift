/// `text`
extension String: PostgresScalar {
    /// `text`
    public static var postgresType: PostgresType { .text }
    /// `text[]`
    public static var postgresArrayType: PostgresType { .textArray }
    /// UTF-8. The server refuses a NUL in it (22021).
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self.utf8) }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [String], into buffer: inout ParameterBuffer) {
        buffer.appendByteStringArray(elements, of: .text) { $0.utf8 }
    }
    /// Reads texts, enums, `json` and `jsonb`, and `numeric` in decimal; no type whose binary format differs from its text.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> String {
        switch type {
        case .numeric: return try Numeric(bytes).text
        case .jsonb:
            try JSONB.checkVersion(bytes)
            return String(utf8: bytes.extracting(1..<bytes.byteCount))
        case _ where type.isBinaryOnly: throw .wrongType
        default: return String(utf8: bytes)
        }
    }

    /// The server has checked the encoding; invalid UTF-8 is replaced.
    fileprivate init(utf8 bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

/// `bytea`, as `[UInt8]`.
extension UInt8: PostgresArrayElement {
    /// `bytea`
    public static var postgresArrayType: PostgresType { .bytea }
    /// The bytes themselves.
    public static func encodeArray(_ elements: [UInt8], into buffer: inout ParameterBuffer) { buffer.append(elements) }
    /// Reads `bytea`, and the UTF-8 of `json`, `jsonb` and texts.
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [UInt8] {
        switch type {
        case .jsonb:
            try JSONB.checkVersion(bytes)
            return [UInt8](bytes.extracting(1..<bytes.byteCount))
        case .bytea: return [UInt8](bytes)
        case _ where type.isBinaryOnly: throw .wrongType
        default: return [UInt8](bytes)
        }
    }
}

/// `bytea[]`, as `[[UInt8]]`.
extension Array: PostgresScalar, PostgresArrayElement where Element == UInt8 {
    /// `bytea[]`
    public static var postgresArrayType: PostgresType { .byteaArray }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [[UInt8]], into buffer: inout ParameterBuffer) {
        buffer.appendByteStringArray(elements, of: .bytea) { $0 }
    }
}

/// `json`: text that the server checks and keeps as it is.
public struct JSONText: PostgresScalar, Hashable {
    /// The text in UTF-8.
    public let bytes: [UInt8]

    /// From UTF-8.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// From text.
    public init(_ text: String) { self.bytes = Array(text.utf8) }

    /// `json`
    public static var postgresType: PostgresType { .json }
    /// `json[]`
    public static var postgresArrayType: PostgresType { .jsonArray }
    /// The text.
    public func encode(into buffer: inout ParameterBuffer) { buffer.append(self.bytes) }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [JSONText], into buffer: inout ParameterBuffer) {
        buffer.appendByteStringArray(elements, of: .json) { $0.bytes }
    }
    /// Reads `json` and `jsonb`.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> JSONText {
        guard type == .json || type == .jsonb else { throw .wrongType }
        return JSONText(try [UInt8].decode(bytes, type: type))
    }
}

/// `jsonb`: parsed by the server, so spaces, the order of keys and duplicate keys are lost.
public struct JSONB: PostgresScalar, Hashable {
    /// The text in UTF-8.
    public let bytes: [UInt8]

    /// From UTF-8.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// From text.
    public init(_ text: String) { self.bytes = Array(text.utf8) }

    /// The version that every jsonb value starts with (`jsonb_recv` in jsonb.c).
    private static let version: UInt8 = 1

    /// `jsonb`
    public static var postgresType: PostgresType { .jsonb }
    /// `jsonb[]`
    public static var postgresArrayType: PostgresType { .jsonbArray }
    /// The version and the text.
    public func encode(into buffer: inout ParameterBuffer) {
        buffer.append(Self.version)
        buffer.append(self.bytes)
    }
    /// Every element behind its length.
    public static func encodeArray(_ elements: [JSONB], into buffer: inout ParameterBuffer) {
        buffer.appendByteStringArray(elements, of: .jsonb, prefix: Self.version) { $0.bytes }
    }
    /// Reads `json` and `jsonb`.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> JSONB {
        JSONB(try JSONText.decode(bytes, type: type).bytes)
    }

    /// Checks the version byte; the text follows it.
    fileprivate static func checkVersion(_ bytes: RawSpan) throws(DecodingFailure) {
        guard bytes.byteCount > 0, unsafe bytes.unsafeLoad(as: UInt8.self) == self.version else { throw .malformed }
    }
}

extension Array where Element == UInt8 {
    fileprivate init(_ bytes: RawSpan) { self = unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
}

extension PostgresType {
    /// Types whose binary format differs from their text; for all others (enums, domains, `citext`, `name`, …) the two are the same.
    fileprivate var isBinaryOnly: Bool {
        switch self {
        case .bool, .bytea, .int8, .int2, .int4, .oid, .float4, .float8, .date, .time, .timestamp, .timestamptz, .interval, .numeric, .uuid,
            .boolArray, .byteaArray, .int2Array, .int4Array, .textArray, .int8Array, .float8Array, .timestamptzArray, .jsonArray, .uuidArray,
            .jsonbArray:
            true
        default: false
        }
    }
}
