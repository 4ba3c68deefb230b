import Glibc
import HTTPTypes
import Hummingbird
import Kit
import NIOCore

/// Who the client is: the connection's address, or behind a trusted proxy the last address of `X-Forwarded-For` that is no trusted proxy's.
struct ClientAddress: Sendable {
    /// An address, or a network of them.
    private struct Network: Sendable {
        let bytes: [UInt8]
        let prefix: Int

        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1)
            guard let first = parts.first, let bytes = ClientAddress.bytes(of: String(first)) else { return nil }
            let prefix = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
            guard let prefix, 0...(bytes.count * 8) ~= prefix else { return nil }
            self.bytes = bytes
            self.prefix = prefix
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == self.bytes.count else { return false }
            let (whole, rest) = self.prefix.quotientAndRemainder(dividingBy: 8)
            guard address[..<whole] == self.bytes[..<whole] else { return false }
            return rest == 0 || (address[whole] ^ self.bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private let trusted: [Network]

    /// - Throws: `TRUSTED_PROXIES` is no list of addresses and networks.
    init(settings: Settings) throws(SettingError) {
        var trusted: [Network] = []
        for word in settings.list("TRUSTED_PROXIES") {
            guard let network = Network(word) else {
                throw SettingError(name: "TRUSTED_PROXIES", reason: "must be addresses or networks, comma-separated, e.g. 10.0.0.0/8")
            }
            trusted.append(network)
        }
        self.trusted = trusted
    }

    func client(of request: Request, peer: SocketAddress?) -> String {
        let address = peer?.ipAddress ?? "unknown"
        guard !self.trusted.isEmpty, self.isTrusted(address) else { return address }
        let hops = request.headers[values: .xForwardedFor].flatMap { $0.split(separator: ",") }
        for hop in hops.reversed() {
            let hop = hop.drop { $0 == " " }.prefix { $0 != " " }
            guard Self.bytes(of: String(hop)) != nil else { break }
            if !self.isTrusted(String(hop)) { return String(hop) }
        }
        return address
    }

    private func isTrusted(_ address: String) -> Bool {
        guard let bytes = Self.bytes(of: address) else { return false }
        return self.trusted.contains { $0.contains(bytes) }
    }

    /// 4 or 16 bytes; an IPv4 address in IPv6's clothes counts as what it is.
    private static func bytes(of text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: v6) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
