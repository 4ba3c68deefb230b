public import Conveyor
import Glibc

/// The addresses from users and partners to which the shop sends requests: public `https` addresses only, unless `WEBHOOKS_ALLOW_PRIVATE` is on.
/// Otherwise anyone could make the shop send requests into its own network.
public struct OutwardAddresses: Sendable {
    /// Whether `http` and private addresses are allowed, too.
    private let allowsPrivate: Bool

    /// - Throws: if `WEBHOOKS_ALLOW_PRIVATE` is neither on nor off.
    public init(_ settings: Settings) throws(SettingError) { self.allowsPrivate = try settings.bool("WEBHOOKS_ALLOW_PRIVATE") }

    /// The rule that a URL breaks, as the rest of a sentence that begins with the field's name; nil if it is allowed. Does not resolve names.
    public func refusal(of url: String) -> String? {
        do throws(Violation) {
            _ = try Rule.webURL.read(url)
        } catch {
            return error.message
        }
        if self.allowsPrivate { return nil }
        guard url.hasPrefix("https://") else { return "must begin with https://" }
        let authority = url.dropFirst("https://".count).prefix { !"/?#".contains($0) }
        let host = authority.first == "[" ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let name = host.lowercased().reversed().drop { $0 == "." }.reversed()
        if String(name) == "localhost" || String(name).hasSuffix(".localhost") { return "must not be an address of this machine" }
        if let literal = Self.literal(String(name)), !literal.isPublic { return "must not be a private address" }
        return nil
    }

    /// Whether an address, in numeric form, may be connected to.
    public func allow(_ address: String) -> Bool {
        if self.allowsPrivate { return true }
        // An address with a zone is link-local, so not public.
        return IPAddress(address).map(\.isPublic) ?? false
    }

    /// The address in a host, if it is not a name; also in the forms that C accepts, such as `127.1` and `0x7f000001`.
    private static func literal(_ host: String) -> IPAddress? {
        if let address = IPAddress(host) { return address }
        var address = in_addr()
        guard !host.utf8.contains(0), inet_aton(host, &address) != 0 else { return nil }
        return withUnsafeBytes(of: address.s_addr) { bytes in IPAddress(bytes.map(String.init).joined(separator: ".")) }
    }
}

extension IPAddress {
    /// Whether the address is public by IANA's registries of special-purpose addresses (RFC 6890 and its successors).
    public var isPublic: Bool {
        if self.isIPv6 {
            // Only 2000::/3 is global unicast. Addresses in it that embed an IPv4 address (6to4, Teredo; NAT64 is outside) reach that address.
            guard Self.isAny(of: ["2000::/3"], self) else { return false }
            return !Self.isAny(of: ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"], self)
        }
        return !Self.isAny(
            of: [
                "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
                "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            ], self)
    }

    private static func isAny(of networks: [String], _ address: IPAddress) -> Bool {
        networks.contains { network in
            let parts = network.split(separator: "/")
            guard parts.count == 2, let base = IPAddress(parts[0]), let bits = Int(parts[1]) else { return false }
            return address.isIn(base, prefix: bits)
        }
    }
}
