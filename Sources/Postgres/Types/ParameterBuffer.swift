/// The parameters of one call in Postgres' binary format, in one allocation.
public struct ParameterBuffer: Sendable {
    /// OIDs, one per parameter.
    private(set) var types: [UInt32] = []
    /// Lengths in bytes, -1 for NULL, one per parameter.
    private(set) var lengths: [Int32] = []
    @usableFromInline var bytes: [UInt8] = []
    private var isNull = false

    init(_ parameters: [any PostgresEncodable]) {
        self.types.reserveCapacity(parameters.count)
        self.lengths.reserveCapacity(parameters.count)
        for parameter in parameters { self.bind(parameter) }
        // libpq takes a null pointer for NULL, so an empty value needs an address too.
        if self.bytes.isEmpty { self.bytes.append(0) }
    }

    private mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        let start = self.bytes.count
        self.isNull = false
        value.encode(into: &self)
        self.types.append(Value.postgresType.rawValue)
        self.lengths.append(self.isNull ? -1 : Int32(clamping: self.bytes.count - start))
    }

    /// Makes the parameter NULL; append nothing for it.
    public mutating func appendNull() { self.isNull = true }

    /// Appends an integer in network byte order.
    public mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
        let bigEndian = value.bigEndian
        unsafe Swift.withUnsafeBytes(of: bigEndian) { unsafe self.bytes.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    public mutating func append(_ bytes: some Collection<UInt8>) { self.bytes.append(contentsOf: bytes) }
}

/// Arrays: `ndim, has nulls, element type, count, lower bound`, then every element behind its length (`array_recv` in arrayfuncs.c).
extension ParameterBuffer {
    @usableFromInline mutating func appendArrayHeader(count: Int, of type: PostgresType, hasNulls: Bool = false) {
        self.append(Int32(count == 0 ? 0 : 1))
        self.append(Int32(hasNulls ? 1 : 0))
        self.append(type.rawValue)
        guard count > 0 else { return }
        self.append(Int32(clamping: count))
        self.append(1 as Int32)
    }

    /// An array of elements of one width: the buffer grows once, then every element is a store.
    /// - Parameter stored: an element's bytes, in network byte order.
    @inlinable @inline(__always)
    public mutating func appendFixedArray<Element, Stored: BitwiseCopyable>(
        _ elements: [Element], of type: PostgresType, stored: (Element) -> Stored
    ) {
        self.appendArrayHeader(count: elements.count, of: type)
        let width = MemoryLayout<Stored>.size
        let start = self.bytes.count
        self.bytes.append(contentsOf: repeatElement(0, count: elements.count * (4 + width)))
        unsafe self.bytes.withUnsafeMutableBytes { buffer in
            var offset = start
            for element in elements {
                unsafe buffer.storeBytes(of: Int32(width).bigEndian, toByteOffset: offset, as: Int32.self)
                unsafe buffer.storeBytes(of: stored(element), toByteOffset: offset + 4, as: Stored.self)
                offset += 4 + width
            }
        }
    }

    /// Elements that are byte strings behind a fixed prefix (jsonb's version): the buffer grows once, then every element is a copy.
    @inline(__always)
    mutating func appendByteStringArray<Element, Bytes: Collection<UInt8>>(
        _ elements: [Element], of type: PostgresType, prefix: UInt8? = nil, bytes: (Element) -> Bytes
    ) {
        self.appendArrayHeader(count: elements.count, of: type)
        let extra = prefix == nil ? 0 : 1
        self.bytes.reserveCapacity(elements.reduce(self.bytes.count) { $0 + 4 + extra + bytes($1).count })
        for element in elements {
            let content = bytes(element)
            self.append(Int32(clamping: content.count + extra))
            if let prefix { self.bytes.append(prefix) }
            self.bytes.append(contentsOf: content)
        }
    }

    /// Any elements; nil is NULL.
    mutating func appendArray<Element: PostgresEncodable>(_ elements: some Collection<Element?>) {
        self.appendArrayHeader(count: elements.count, of: Element.postgresType, hasNulls: elements.contains { $0 == nil })
        for element in elements {
            let start = self.bytes.count
            self.append(-1 as Int32)
            guard let element else { continue }
            element.encode(into: &self)
            let length = Int32(clamping: self.bytes.count - start - 4).bigEndian
            unsafe self.bytes.withUnsafeMutableBytes { unsafe $0.storeBytes(of: length, toByteOffset: start, as: Int32.self) }
        }
    }
}
