/// Encoded frames that the socket has not taken yet (AMQP 0-9-1, section 4.2). Integers are in network byte order.
struct FrameBuffer: ~Copyable {
    private var bytes: [UInt8] = []
    private var sent = 0

    /// The number of unsent bytes.
    var count: Int { self.bytes.count - self.sent }
    var isEmpty: Bool { self.sent == self.bytes.count }

    /// The position after the last byte; see ``patch(_:at:)``.
    var end: Int { self.bytes.count }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe self.bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: some Sequence<UInt8>) { self.bytes.append(contentsOf: text) }

    /// A text of at most 255 bytes, with its length before it.
    mutating func append(short text: String) {
        self.append(UInt8(truncatingIfNeeded: text.utf8.count))
        self.append(text.utf8)
    }

    /// Any number of bytes, with their length before them.
    mutating func append(long bytes: some Collection<UInt8>) {
        self.append(UInt32(truncatingIfNeeded: bytes.count))
        self.append(bytes)
    }

    /// Writes the number of bytes after `position` into the placeholder of four bytes there.
    mutating func patchSize(at position: Int) {
        let size = UInt32(truncatingIfNeeded: self.bytes.count - position - 4)
        unsafe Swift.withUnsafeBytes(of: size.bigEndian) { unsafe self.bytes.replaceSubrange(position..<position + 4, with: $0) }
    }

    /// Removes everything that was appended since `position`.
    mutating func truncate(to position: Int) { self.bytes.removeSubrange(position...) }

    mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
        self.sent = 0
    }

    /// Passes the unsent bytes to `send`, which returns how many of them it sent.
    mutating func drain<Failure: Error>(_ send: (UnsafeRawBufferPointer) throws(Failure) -> Int) throws(Failure) {
        let unsent = self.sent
        self.sent += try unsafe self.withUnsafeBytes { bytes throws(Failure) in unsafe try send(UnsafeRawBufferPointer(rebasing: bytes[unsent...])) }
        guard self.isEmpty else { return }
        // One huge message must not keep its memory for the life of the connection.
        self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= 1 << 21)
        self.sent = 0
    }

    /// All bytes, sent or not.
    func withUnsafeBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        try unsafe self.bytes.span.bytes.withUnsafeBytes(body)
    }
}
