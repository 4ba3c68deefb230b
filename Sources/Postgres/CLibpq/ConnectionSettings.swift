import CPostgres

/// The parameters of a connection: a libpq URI (or conninfo) and the settings that this client adds.
struct ConnectionSettings: Sendable {
    /// libpq's keywords with their values (manual, 34.1.2).
    private(set) var parameters: [String: String]

    /// - Throws: `invalidURL`, without any part of the URL in its text: an unescaped `@` or `/` in a password moves parts of it into other fields.
    init(url: String, applicationName: String, statementTimeout: Duration?, lockTimeout: Duration? = nil) throws(PostgresError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(url, &message) else {
            unsafe PQfreemem(message)
            throw PostgresError(.invalidURL, "not a URI or connection string that libpq understands")
        }
        defer { unsafe PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val { unsafe parameters[String(cString: keyword)] = String(cString: value) }
            unsafe option += 1
        }
        // libpq accepts an empty URL and connects to its default host.
        guard !parameters.isEmpty else { throw PostgresError(.invalidURL, "nothing is given") }
        guard !(parameters["host"] ?? "").dropFirst().contains("@") else {
            throw PostgresError(.invalidURL, "the host has an @ in it: one in the user or password must be written %40")
        }
        guard (parameters["port"] ?? "").split(separator: ",").allSatisfy({ UInt16($0) != nil }) else {
            throw PostgresError(.invalidURL, "the port is not a number: a / or : in the user or password must be written %2F or %3A")
        }
        // Gives up a server that accepts a connection and then is silent; libpq's defaults are the kernel's, up to hours.
        parameters.setDefault("connect_timeout", "5")
        parameters.setDefault("keepalives_idle", "15")
        parameters.setDefault("keepalives_interval", "5")
        parameters.setDefault("keepalives_count", "3")
        parameters.setDefault("tcp_user_timeout", "15000")
        // Without this, libpq loads Kerberos to look for credentials.
        parameters.setDefault("gssencmode", "disable")
        parameters["client_encoding"] = "UTF8"
        parameters["fallback_application_name"] = applicationName

        // The last setting wins, so those of the URL follow. The check makes the server notice during a long statement that its client
        // is gone; the idle timeout frees the locks of a client that froze in a transaction.
        var settings = ["client_connection_check_interval=2000", "idle_in_transaction_session_timeout=60000", "timezone=UTC"]
        if let statementTimeout { settings.append("statement_timeout=\(statementTimeout.milliseconds)") }
        if let lockTimeout { settings.append("lock_timeout=\(lockTimeout.milliseconds)") }
        let own = settings.map { "-c \($0)" }.joined(separator: " ")
        parameters["options"] = parameters["options"].map { "\(own) \($0)" } ?? own
        self.parameters = parameters
    }

    /// Whether the URL asks for a server that accepts writes.
    var wantsPrimary: Bool { ["read-write", "primary"].contains(self.parameters["target_session_attrs"]) }

    /// libpq's `text` on one line and without the password.
    func redacted(_ text: String) -> String {
        let line = text.oneLine
        guard let password = self.parameters["password"], !password.isEmpty else { return line }
        return line.replacing(password, with: "***")
    }
}

extension Dictionary where Key == String, Value == String {
    fileprivate mutating func setDefault(_ key: String, _ value: String) { if self[key] == nil { self[key] = value } }
}

extension Duration {
    /// Whole milliseconds, at least 1.
    var milliseconds: Int64 { Swift.max(1, Int64(self / .milliseconds(1))) }
}

extension String {
    /// libpq writes one line per host, and ends with a line break.
    var oneLine: String { self.split(separator: "\n").joined(separator: "; ") }
}
