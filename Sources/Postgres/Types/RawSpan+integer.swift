/// Postgres' binary forms: integers are in network byte order, and nothing is aligned.
extension RawSpan {
    /// The integer at `offset`, which advances past it.
    func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        at offset: inout Int, as type: Integer.Type = Integer.self
    ) throws(DecodingFailure) -> Integer {
        guard self.byteCount - offset >= MemoryLayout<Integer>.size else { throw .malformed }
        defer { offset += MemoryLayout<Integer>.size }
        // Any bit pattern is an integer, and the bounds are checked.
        return unsafe Integer(bigEndian: self.unsafeLoadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// The whole span as one integer.
    func integer<Integer: FixedWidthInteger & BitwiseCopyable>(as type: Integer.Type = Integer.self) throws(DecodingFailure) -> Integer {
        guard self.byteCount == MemoryLayout<Integer>.size else { throw .malformed }
        var start = 0
        return try self.integer(at: &start)
    }
}
