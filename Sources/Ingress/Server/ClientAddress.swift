import Conveyor
import HTTPTypes
import NIOCore
import NIOHTTP1

/// The client's address: the connection's, or behind a trusted proxy the last address in `X-Forwarded-For` that is not a trusted proxy's.
struct ClientAddress: Sendable {
    private struct Network: Sendable {
        let address: IPAddress
        let prefix: Int

        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = IPAddress(parts[0]) else { return nil }
            let prefix = parts.count == 2 ? Int(parts[1]) : address.width
            guard let prefix, 0...address.width ~= prefix else { return nil }
            self.address = address
            self.prefix = prefix
        }
    }

    private let trusted: [Network]

    /// - Throws: if `TRUSTED_PROXIES` is not a list of addresses and networks.
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

    /// Whether to believe the peer's `X-Forwarded-For`.
    func isTrusted(_ peer: IPAddress) -> Bool { !self.trusted.isEmpty && self.trusted.contains { peer.isIn($0.address, prefix: $0.prefix) } }

    /// The client of a request.
    func client(of headers: HTTPFields, peer: IPAddress) -> IPAddress {
        guard self.isTrusted(peer) else { return peer }
        return self.client(behind: peer, headers[values: .xForwardedFor])
    }

    /// The client of an HTTP/1 request whose head was just read.
    func client(of headers: HTTPHeaders, peer: IPAddress) -> IPAddress {
        guard self.isTrusted(peer) else { return peer }
        return self.client(behind: peer, headers["x-forwarded-for"])
    }

    private func client(behind peer: IPAddress, _ lines: [String]) -> IPAddress {
        var nearest = peer
        for hop in lines.flatMap({ $0.split(separator: ",") }).reversed() {
            // The nearest trusted proxy wrote an unreadable entry.
            guard let address = Self.address(hop) else { break }
            if !self.isTrusted(address) { return address }
            nearest = address
        }
        return nearest
    }

    /// One entry as proxies write it: an address, possibly with a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`), a zone, or in quotes.
    private static func address(_ hop: Substring) -> IPAddress? {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\"" }
        var hop = hop.drop(while: isBlank)
        while let last = hop.last, isBlank(last) { hop.removeLast() }
        if hop.first == "[" {
            guard let end = hop.firstIndex(of: "]"), Self.isPort(hop[hop.index(after: end)...]) else { return nil }
            hop = hop[..<end].dropFirst()
        } else if let colon = hop.firstIndex(of: ":"), hop.lastIndex(of: ":") == colon {
            guard Self.isPort(hop[colon...]) else { return nil }
            hop = hop[..<colon]
        }
        return IPAddress(hop.prefix { $0 != "%" })
    }

    /// Empty, or a colon and a port.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && UInt16(text.dropFirst()) != nil && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}
