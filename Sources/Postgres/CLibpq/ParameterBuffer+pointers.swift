extension ParameterBuffer {
    /// Every parameter is sent in binary format.
    private static let binary = [CInt](repeating: 1, count: Int(UInt16.max))

    /// Lends libpq's arrays to `body`: values (NULL for NULL), lengths and formats.
    func withPointers<R>(
        _ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> R
    ) -> R {
        let count = self.lengths.count
        return unsafe self.bytes.withUnsafeBytes { bytes in
            unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: Swift.max(count, 1)) { values in
                var offset = 0
                for index in 0..<count {
                    let length = Int(self.lengths[index])
                    // `bytes` is never empty, so a value of no bytes is not NULL.
                    let value = unsafe length < 0 ? nil : bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
                    unsafe values.initializeElement(at: index, to: value)
                    offset += Swift.max(length, 0)
                }
                return unsafe body(CInt(count), UnsafePointer(values.baseAddress), self.lengths, Self.binary)
            }
        }
    }
}
