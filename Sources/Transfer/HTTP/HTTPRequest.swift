/// One request to an `https` or `http` URL.
public struct HTTPRequest: Sendable {
    /// `GET` if nothing else is said.
    public var method: HTTPMethod
    /// Absolute and already percent-encoded; only `https` and `http`.
    public var url: String
    /// Added to what libcurl sends by itself (`Host`, `Content-Length`, `User-Agent`, `Accept`); the same name replaces it.
    public var headers: HTTPHeaders
    /// `nil` sends none.
    public var body: [UInt8]?
    /// Until the name is resolved, the connection made and TLS agreed.
    public var connectTimeout: Duration
    /// For everything, the connecting included.
    public var timeout: Duration
    /// Of the body, in bytes as they are delivered; a longer answer fails as ``TransferError/Code/responseTooLarge``.
    public var maximumResponseSize: Int
    /// Whether of a longer answer the beginning is enough: then the rest is not read, and it does not fail.
    public var cutsResponse = false
    /// Which addresses, in their numeric form, it may connect to; nil: any. A name's addresses are looked up anew for the request, and one that is not
    /// allowed refuses all (``TransferError/Code/addressForbidden``); no other than those looked up is connected to, whatever the name says a moment later.
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

    /// Whether it may reach the server twice without harm: an idempotent method, or an `Idempotency-Key`.
    ///
    /// Such a request uses an open connection if there is one, and when the server turns out to have closed that one, goes out again on a
    /// new one. Any other gets a connection of its own, so that it is never repeated behind the caller's back.
    public var isRepeatable: Bool { self.method.isIdempotent || self.headers["Idempotency-Key"] != nil }
}
