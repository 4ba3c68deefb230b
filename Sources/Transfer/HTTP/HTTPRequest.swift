/// One request to an `https` or `http` URL.
public struct HTTPRequest: Sendable {
    /// Default: `GET`.
    public var method: HTTPMethod
    /// Absolute and already percent-encoded; only `https` and `http`.
    public var url: String
    /// Added to libcurl's own headers (`Host`, `Content-Length`, `User-Agent`, `Accept`); the same name replaces those.
    public var headers: HTTPHeaders
    /// `nil` for no body.
    public var body: [UInt8]?
    /// Limit for resolving the name, connecting and the TLS handshake.
    public var connectTimeout: Duration
    /// Limit for the whole request.
    public var timeout: Duration
    /// Limit of the decoded body in bytes; a longer answer fails with ``TransferError/Code/responseTooLarge``.
    public var maximumResponseSize: Int
    /// Whether to return only the beginning of a longer answer instead of failing.
    public var cutsResponse = false
    /// The rule for the addresses, in numeric form, that the request may connect to; nil allows all. The client resolves the host for the request;
    /// one forbidden address refuses it (``TransferError/Code/addressForbidden``). It connects only to these, even if the name changes.
    public var mayConnect: (@Sendable (_ address: String) -> Bool)?
    var pinned: String?

    /// A request with the defaults: 5 s to connect, 30 s in all, an answer of 8 MiB at most.
    public init(
        _ method: HTTPMethod = .get, url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil, connectTimeout: Duration = .seconds(5),
        timeout: Duration = .seconds(30), maximumResponseSize: Int = 8 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.maximumResponseSize = maximumResponseSize
    }

    /// Whether the server may receive it twice without harm: an idempotent method, or an `Idempotency-Key`.
    ///
    /// Such a request reuses an open connection, and is sent again on a new one if the server has closed that connection. Any other request gets
    /// its own connection, so that libcurl never repeats it.
    public var isRepeatable: Bool { self.method.isIdempotent || self.headers["Idempotency-Key"] != nil }
}
