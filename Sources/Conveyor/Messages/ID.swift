import Crypto
public import FoundationEssentials

/// A UUID (RFC 9562) in two words: cheap to copy, compare and hash, and written in lower case, as Postgres does.
///
/// Foundation's `UUID` encodes in upper case and takes 4 µs to print; every message contains several of these.
public struct ID: Hashable, Sendable {
    /// Bytes 0–7, big endian.
    public let high: UInt64
    /// Bytes 8–15, big endian.
    public let low: UInt64

    /// The UUID of these two words, most significant first.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The first 16 of `bytes`; nil if there are fewer.
    public init?(bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in bytes.prefix(16) {
            if count < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
            count += 1
        }
        guard count == 16 else { return nil }
        (self.high, self.low) = words
    }

    /// The 16 bytes in network order.
    public var bytes: [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(16)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: self.high >> UInt64(shift))) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: self.low >> UInt64(shift))) }
        return bytes
    }

    /// Appends the 16 bytes in network order.
    public func append(to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: self.high >> UInt64(shift))) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: self.low >> UInt64(shift))) }
    }

    /// The Unix time in milliseconds of an id of version 7; nil for other versions.
    public var milliseconds: UInt64? { self.high >> 12 & 0xf == 7 ? self.high >> 16 : nil }

    /// A new random id of version 7, which sorts by its creation time.
    /// - Parameter milliseconds: Unix time.
    public static func v7(milliseconds: UInt64) -> ID {
        var generator = SystemRandomNumberGenerator()
        let high = milliseconds << 16 | 0x7000 | (generator.next() & 0x0fff)
        return ID(high: high, low: generator.next() >> 2 | 0x8000_0000_0000_0000)
    }

    /// The id of version 5 (name-based, SHA-1) of `name` in this namespace: always the same.
    public func derived(_ name: String) -> ID {
        var hash = Insecure.SHA1()
        hash.update(data: self.bytes)
        hash.update(data: Array(name.utf8))
        return ID(digest: hash.finalize(), version: 5)
    }

    /// The id of version 8 (RFC 9562: custom) made from the first 16 bytes of a digest.
    /// - Parameter digest: at least 16 bytes.
    public init(digest: some ContiguousBytes, version: UInt64 = 8) {
        let words = digest.withUnsafeBytes { bytes in
            (UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)), UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
        self.high = words.0 & ~0xf000 | version << 12
        self.low = words.1 & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    }
}

extension ID: Comparable {
    /// By bytes, as Postgres orders `uuid`: rows are locked in this order.
    public static func < (left: ID, right: ID) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension ID: LosslessStringConvertible {
    /// Parses `8-4-4-4-12` hexadecimal digits in either case; nil for anything else.
    public init?(_ description: String) {
        var text = description
        let parsed: ID? = text.withUTF8 { ID(hexadecimal: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Parses the 36 characters of a UUID's text form.
    public init?(hexadecimal text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, character) in text.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character &- UInt8(ascii: "A") &+ 10
            default: return nil
            }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
            digits += 1
        }
        (self.high, self.low) = words
    }

    /// `8-4-4-4-12` hexadecimal digits in lower case.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { text in
            self.write(to: text)
            return Self.textLength
        }
    }

    /// Appends ``description``.
    public func appendDescription(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textLength) { text in
            self.write(to: text)
            bytes += UnsafeBufferPointer(text)
        }
    }

    private static let textLength = 36

    private func write(to text: UnsafeMutableBufferPointer<UInt8>) {
        var position = 0
        for word in [self.high, self.low] {
            for shift in stride(from: 60, through: 0, by: -4) {
                if position == 8 || position == 13 || position == 18 || position == 23 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 0xf
                text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                position += 1
            }
        }
    }
}

extension ID: Codable {
    /// A JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
        }
        self = id
    }

    /// A JSON string in lower case.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
