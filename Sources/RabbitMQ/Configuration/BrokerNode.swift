/// One RabbitMQ node and the login for it, parsed from an AMQP URI (https://www.rabbitmq.com/docs/uri-spec).
public struct BrokerNode: Sendable, Hashable, CustomStringConvertible {
    /// The host name or address, without the brackets of an IPv6 literal.
    public let host: String
    /// The TCP port; default 5672, or 5671 with TLS.
    public let port: UInt16
    /// The user name; default `guest`.
    public let user: String
    /// The virtual host; default `/`.
    public let virtualHost: String
    /// Whether the URI's scheme is `amqps`.
    public let usesTLS: Bool
    /// Never part of a description of this type.
    let password: String

    /// Parses `amqp://user:password@host:port/vhost` or the same with `amqps`; user, password and vhost may be percent-encoded.
    /// - Throws: ``BrokerError`` of kind ``BrokerError/Kind/invalidURL``; its message never repeats the URI, which contains a password.
    public init(url: String) throws(BrokerError) {
        let scheme = url.prefix { $0 != ":" }
        guard url[scheme.endIndex...].hasPrefix("://") else { throw .invalidURL("no scheme: amqp:// or amqps:// is expected") }
        switch scheme.lowercased() {
        case "amqp": self.usesTLS = false
        case "amqps": self.usesTLS = true
        default: throw .invalidURL("the scheme is neither amqp nor amqps")
        }
        // Query parameters (`?heartbeat=…`) are ignored: these settings have names of their own.
        let rest = url[scheme.endIndex...].dropFirst(3).prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        // The password may contain an @ that was not encoded; a host cannot.
        let at = authority.lastIndex(of: "@")
        let login = at.map { authority[..<$0] }
        let address = at.map { authority[authority.index(after: $0)...] } ?? authority

        let parts = login?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? ["guest", "guest"]
        self.user = try Self.decode(parts[0], of: "user")
        self.password = parts.count > 1 ? try Self.decode(parts[1], of: "password") : ""

        let portText: Substring?
        if address.first == "[" {
            guard let bracket = address.firstIndex(of: "]") else { throw .invalidURL("the host's bracket is not closed") }
            self.host = String(address[address.index(after: address.startIndex)..<bracket])
            let tail = address[address.index(after: bracket)...]
            guard tail.isEmpty || tail.first == ":" else { throw .invalidURL("there is text between the host and the port") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = address.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            self.host = try Self.decode(parts[0], of: "host")
            portText = parts.count > 1 ? parts[1] : nil
        }
        guard !self.host.isEmpty else { throw .invalidURL("the host is missing") }
        if let portText, !portText.isEmpty {
            guard let port = UInt16(portText), port > 0 else { throw .invalidURL("the port is not a number from 1 to 65535") }
            self.port = port
        } else {
            self.port = self.usesTLS ? 5671 : 5672
        }
        // By the specification `amqp://host` is the default vhost and `amqp://host/` the vhost with the empty name.
        // In practice both mean "/", the vhost that brokers are set up with.
        let virtualHost = path.dropFirst()
        guard !virtualHost.contains("/") else { throw .invalidURL("the virtual host's slash must be written %2F") }
        self.virtualHost = virtualHost.isEmpty ? "/" : try Self.decode(virtualHost, of: "virtual host")
    }

    /// Host, port and virtual host, for logs.
    public var description: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(self.usesTLS ? "amqps" : "amqp")://\(host):\(self.port)/\(self.virtualHost == "/" ? "" : self.virtualHost)"
    }

    private static func decode(_ text: Substring, of part: String) throws(BrokerError) -> String {
        guard let decoded = text.removingPercentEncoding else { throw .invalidURL("the \(part)'s percent-encoding is broken") }
        // The C library takes NUL-terminated strings, so a NUL would cut them.
        guard !decoded.utf8.contains(0) else { throw .invalidURL("the \(part) holds a NUL") }
        return decoded
    }
}
