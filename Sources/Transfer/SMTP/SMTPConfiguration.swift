/// A mail server and its connection settings.
public struct SMTPConfiguration: Sendable {
    /// The protection of the connection.
    public enum Security: String, Sendable {
        /// STARTTLS (RFC 3207): the connection must switch to TLS first; a server that does not offer it is refused.
        case startTLS = "starttls"
        /// TLS from the first byte (RFC 8314).
        case implicit
        /// No TLS; for a server on the same machine.
        case none
    }

    /// A host name or an address.
    public var host: String
    /// 587 for `startTLS`, 465 for `implicit`, 25 for a relay.
    public var port: Int
    /// Default: STARTTLS.
    public var security: Security
    /// `nil` for no AUTH.
    public var username: String?
    /// Never part of an error or a description.
    public var password: String?
    /// PEM certificates to trust beside the system's.
    public var caFile: String?
    /// The name in EHLO; `nil` for this machine's name.
    public var clientName: String?
    /// Limit for connecting, the TLS handshake and the login.
    public var connectTimeout: Duration
    /// Limit for one e-mail, including the connection.
    public var timeout: Duration
    /// The number of e-mails sent at the same time.
    public var maximumConnections: Int

    /// A server with the defaults: STARTTLS, 10 s to connect, 60 s per e-mail, four connections.
    public init(
        host: String, port: Int, security: Security = .startTLS, username: String? = nil, password: String? = nil, caFile: String? = nil,
        clientName: String? = nil, connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(60),
        maximumConnections: Int = 4
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.username = username
        self.password = password
        self.caFile = caFile
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.maximumConnections = maximumConnections
    }
}
