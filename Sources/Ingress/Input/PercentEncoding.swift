/// Percent-encoded UTF-8 (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The decoded text; nil if a `%` lacks its two digits, or the bytes are not UTF-8.
    /// - Parameter isForm: whether a plus means a space, as in a query or a form (https://url.spec.whatwg.org/#urlencoded-parsing).
    static func decode(_ encoded: some StringProtocol, isForm: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.utf8.count)
        var rest = encoded.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Self.digit), let low = rest.next().flatMap(Self.digit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ character: UInt8) -> UInt8? { Character(Unicode.Scalar(character)).hexDigitValue.map { UInt8($0) } }
}
