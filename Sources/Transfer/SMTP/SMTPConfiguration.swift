/// A mail server and how to speak to it.
public struct SMTPConfiguration: Sendable {
    /// How the connection is protected.
    public enum Security: String, Sendable {
        /// A plain connection that must change to TLS before anything else (RFC 3207); a server that does not offer it is refused.
        case startTLS = "starttls"
        /// TLS from the first byte (RFC 8314).
        case implicit
        /// None; for a server on the same machine.
        case none
    }

    /// A name or an address.
    public var host: String
    /// 587 for `startTLS`, 465 for `implicit`, 25 for a relay.
    public var port: Int
    /// STARTTLS if nothing else is said.
    public var security: Security
    /// `nil`: no AUTH.
    public var username: String?
    /// Never in an error or a description.
    public var password: String?
    /// PEM certificates that are trusted beside the system's.
    public var caFile: String?
    /// What the client calls itself in EHLO; `nil` is this machine's name.
    public var clientName: String?
    /// Until the connection is made, TLS agreed and the login done.
    public var connectTimeout: Duration
    /// For one e-mail, the connecting included.
    public var timeout: Duration
    /// As many e-mails are under way at once.
    public var maximumConnections: Int

    /// A server with the defaults: STARTTLS, 10 s to connect, 60 s an e-mail, four connections.
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
