public import NIOCore
import Glibc

/// An IPv4 or IPv6 address without a port. An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address.
public struct IPAddress: Hashable, Sendable {
    /// The first eight bytes of an IPv6 address; 0 for an IPv4 address.
    private let high: UInt64
    private let low: UInt64
    /// Whether it is an IPv6 address.
    public let isIPv6: Bool

    private init(high: UInt64, low: UInt64, isIPv6: Bool) {
        (self.high, self.low) = (high, low)
        self.isIPv6 = isIPv6
    }

    /// `0.0.0.0`, for an unknown address.
    public static let unspecified = IPAddress(high: 0, low: 0, isIPv6: false)

    private init(ipv4 address: in_addr) { self.init(high: 0, low: UInt64(UInt32(bigEndian: address.s_addr)), isIPv6: false) }

    private init(ipv6 address: in6_addr) {
        let (high, low) = withUnsafeBytes(of: address) {
            (UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)), UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
        let isMapped = high == 0 && low >> 32 == 0xffff
        self.init(high: high, low: isMapped ? low & 0xffff_ffff : low, isIPv6: !isMapped)
    }

    /// The address of a socket; nil for a Unix socket.
    public init?(_ address: SocketAddress) {
        // A socket address begins with family and port, two bytes each; for IPv6 four bytes of flow information follow.
        let read: IPAddress? = address.withSockAddr { pointer, size in
            let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
            switch address {
            case .v4 where size >= 8: return IPAddress(ipv4: bytes.loadUnaligned(fromByteOffset: 4, as: in_addr.self))
            case .v6 where size >= 24: return IPAddress(ipv6: bytes.loadUnaligned(fromByteOffset: 8, as: in6_addr.self))
            default: return nil
            }
        }
        guard let read else { return nil }
        self = read
    }

    /// Parses an address by RFC 5952 or as a dotted quad, without brackets, zone, or port.
    public init?(_ text: some StringProtocol) {
        var v4 = in_addr()
        var v6 = in6_addr()
        let text = String(text)
        // C would ignore the text after a NUL.
        guard !text.utf8.contains(0) else { return nil }
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(ipv4: v4)
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(ipv6: v6)
        } else {
            return nil
        }
    }

    /// The unit that counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, since one customer has all addresses of such a
    /// network.
    public var network: IPAddress { self.isIPv6 ? IPAddress(high: self.high, low: 0, isIPv6: true) : self }

    /// Whether the address is in a network.
    /// - Parameter bits: the length of the prefix.
    public func isIn(_ network: IPAddress, prefix bits: Int) -> Bool {
        guard self.isIPv6 == network.isIPv6 else { return false }
        // A shift by the full width is 0.
        guard self.isIPv6 else { return (self.low ^ network.low) >> (32 - bits) == 0 }
        guard (self.high ^ network.high) >> (64 - min(bits, 64)) == 0 else { return false }
        return bits <= 64 || (self.low ^ network.low) >> (128 - bits) == 0
    }

    /// Bits of the whole address.
    public var width: Int { self.isIPv6 ? 128 : 32 }
}

extension IPAddress: CustomStringConvertible {
    /// The usual text, e.g. `2001:db8::1`.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if self.isIPv6 {
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) {
                $0.storeBytes(of: self.high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: self.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        } else {
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: self.low).bigEndian)
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
