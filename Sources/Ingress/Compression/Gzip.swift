import CZlib

/// Gzip (RFC 1952) by zlib.
enum Gzip {
    /// Shorter answers fit into one packet anyway.
    static let threshold = 1024
    /// Levels above 5 take twice the time for one per cent of the size.
    private static let level: Int32 = 5

    /// The compressed bytes; nil if compressing them gains nothing.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= Self.threshold, bytes.count <= Int(Int32.max) else { return nil }
        var stream = z_stream()
        guard czlib_begin_gzip(&stream, Self.level) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        var input = bytes
        let output = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                // One call suffices: the bound holds for any input.
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.avail_out) : 0
            }
        }
        return output.isEmpty || output.count >= bytes.count ? nil : output
    }
}
