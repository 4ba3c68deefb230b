import Postgres
import RabbitMQ

extension Settings {
    /// The environments, which differ in strictness.
    public enum Environment: String, CaseIterable, Sendable {
        case development, test, production
    }

    /// `ENVIRONMENT`.
    /// - Throws: if it is not one of the three.
    public func environment() throws(SettingError) -> Environment { try self.oneOf("ENVIRONMENT") }

    /// A Postgres URI.
    /// - Throws: if it is not set or malformed, or if in production it leads to another machine without verified TLS.
    public func databaseURL(_ setting: Setting = "DATABASE_URL") throws(SettingError) -> String {
        let text = try self.require(setting)
        guard let url = ConnectionURL(text), ["postgres", "postgresql"].contains(url.scheme) else {
            throw SettingError(name: setting.name, reason: "must be a URI like postgresql://host/database")
        }
        do {
            try PostgresPool.check(url: text)
        } catch {
            throw SettingError(name: setting.name, reason: "cannot be used: \(error.message)")
        }
        try self.requireTLS(
            setting, to: url.hosts, isVerified: ["verify-ca", "verify-full"].contains(url.parameters["sslmode"] ?? ""),
            "must have sslmode=verify-full (or verify-ca)")
        return text
    }

    /// The nodes of the broker, comma-separated: `AMQP_URLS`, or else `AMQP_URL`.
    /// - Throws: if neither is set, one is malformed, or in production one leads to another machine without TLS.
    public func brokerURLs() throws(SettingError) -> String {
        let setting: Setting = self.isSet("AMQP_URLS") ? "AMQP_URLS" : "AMQP_URL"
        let text = try self.require(setting)
        for node in self.list(setting) {
            guard let url = ConnectionURL(node), ["amqp", "amqps"].contains(url.scheme) else {
                throw SettingError(name: setting.name, reason: "must be amqp://host/vhost or amqps://host/vhost, several separated by commas")
            }
            try self.requireTLS(setting, to: url.hosts, isVerified: url.scheme == "amqps", "must be amqps://")
        }
        do {
            _ = try BrokerConfiguration(urls: text, connectionName: "")
        } catch {
            throw SettingError(name: setting.name, reason: "cannot be used: \(error.message)")
        }
        return text
    }

    /// An `http` or `https` URL, without slashes at its end.
    /// - Throws: if it is not set or malformed.
    public func webAddress(_ setting: Setting) throws(SettingError) -> String {
        var text = try self.require(setting)
        guard let url = ConnectionURL(text), ["http", "https"].contains(url.scheme), url.hosts.count == 1, url.hosts.allSatisfy({ !$0.isEmpty }),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw SettingError(name: setting.name, reason: "must be a URL like https://host")
        }
        while text.last == "/" { text.removeLast() }
        return text
    }

    /// Refuses, in production, a connection to other machines (`hosts`) without a verified certificate, unless `ALLOW_PLAINTEXT` names the machine.
    public func requireTLS(_ setting: Setting, to hosts: [String], isVerified: Bool, _ rule: String) throws(SettingError) {
        guard try self.environment() == .production, !isVerified else { return }
        let allowed = Set(self.list("ALLOW_PLAINTEXT"))
        guard hosts.allSatisfy({ ConnectionURL.isLocal($0) || allowed.contains($0) }) else {
            throw SettingError(name: setting.name, reason: "\(rule) in production, or ALLOW_PLAINTEXT must name the host")
        }
    }
}

/// The parts of a connection URI that matter here; libpq and the broker's client parse the rest.
struct ConnectionURL {
    let scheme: String
    /// Percent-encoded, as in the URI.
    let password: String
    let hosts: [String]
    let parameters: [String: String]

    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        self.scheme = text[..<colon.lowerBound].lowercased()
        var rest = text[colon.upperBound...]
        var parameters: [String: String] = [:]
        if let query = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: query)...].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { parameters[String(parts[0])] = String(parts[1]) }
            }
            rest = rest[..<query]
        }
        self.parameters = parameters
        rest = rest.prefix { $0 != "/" }
        var password = ""
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { password = String(parts[1]) }
            rest = rest[rest.index(after: at)...]
        }
        self.password = password
        // In libpq `host` in the query replaces the one in the authority, and `hostaddr` replaces both.
        let hosts = (parameters["hostaddr"] ?? parameters["host"]).map { $0[...] } ?? rest
        self.hosts = hosts.split(separator: ",", omittingEmptySubsequences: false).map { host in
            if host.first == "[" { return String(host.dropFirst().prefix { $0 != "]" }) }
            return String(host.prefix { $0 != ":" })
        }
    }

    /// Whether a host is this machine: a loopback address, or the folder of a Unix socket.
    static func isLocal(_ host: String) -> Bool {
        host.isEmpty || host == "localhost" || host == "::1" || host.hasPrefix("/") || host.lowercased().hasPrefix("%2f")
            || host.hasPrefix("127.") && host.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
    }
}
