/// `[UUID]` is `uuid[]`, `[UInt8]` is `bytea`: the element decides.
extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The element's `postgresArrayType`.
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// Appends the whole array.
    public func encode(into buffer: inout ParameterBuffer) { Element.encodeArray(self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads the whole array; of one dimension or empty.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Element] {
        try Element.decodeArray(bytes, type: type)
    }
}

extension PostgresScalar {
    /// Appends `elements`, none of them NULL.
    public static func encodeArray(_ elements: [Self], into buffer: inout ParameterBuffer) {
        buffer.appendArray(elements.lazy.map { $0 })
    }

    /// Reads elements; throws for a NULL.
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Self] {
        try decodeElements(bytes)
    }
}

/// `[UUID?]`: an array whose elements may be NULL.
extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
    /// The type of `[Wrapped]`.
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
    /// Appends `elements`; nil is NULL.
    public static func encodeArray(_ elements: [Wrapped?], into buffer: inout ParameterBuffer) { buffer.appendArray(elements) }
    /// Reads elements; NULL is nil.
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Wrapped?] {
        try decodeElements(bytes)
    }
}

/// nil is NULL.
extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The wrapped type.
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// Encodes the value, or NULL.
    public func encode(into buffer: inout ParameterBuffer) {
        switch self {
        case .some(let value): value.encode(into: &buffer)
        case .none: buffer.appendNull()
        }
    }
}

/// NULL is nil.
extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads a value that is not NULL.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> Wrapped? {
        try Wrapped.decode(bytes, type: type)
    }
    /// nil
    public static var whenNull: Self? { .some(nil) }
}

private func decodeElements<Element: PostgresDecodable>(_ bytes: RawSpan) throws(DecodingFailure) -> [Element] {
    var offset = 0
    let dimensions = try bytes.integer(at: &offset, as: Int32.self)
    _ = try bytes.integer(at: &offset, as: Int32.self)
    let type = PostgresType(rawValue: try bytes.integer(at: &offset))
    if dimensions == 0 { return [] }
    guard dimensions == 1 else { throw .wrongType }
    let count = try bytes.integer(at: &offset, as: Int32.self)
    _ = try bytes.integer(at: &offset, as: Int32.self)
    guard count >= 0, Int(count) <= (bytes.byteCount - offset) / 4 else { throw .malformed }
    var elements: [Element] = []
    elements.reserveCapacity(Int(count))
    for _ in 0..<count {
        let length = Int(try bytes.integer(at: &offset, as: Int32.self))
        if length < 0 {
            guard let null = Element.whenNull else { throw .null }
            elements.append(null)
        } else {
            guard bytes.byteCount - offset >= length else { throw .malformed }
            elements.append(try Element.decode(bytes.extracting(offset..<offset + length), type: type))
            offset += length
        }
    }
    return elements
}
