/// Sends HTTP requests with libcurl: TLS verified, HTTP/2 where the server supports it, connections kept open and reused.
///
/// Many requests may run at once, all of a client's on its own thread; no caller's thread ever blocks. The client does not follow redirects,
/// keeps no cookies, and ignores proxy variables of the environment.
public final class HTTPClient: Sendable {
    private let multi: CurlMulti
    private let trust: TrustStore
    private let userAgent: String

    /// A client with no connections yet.
    ///
    /// - Parameters:
    ///   - userAgent: sent with every request, `conveyor/1.0.0`.
    ///   - caFile: PEM certificates to trust beside the system's.
    /// - Throws: ``TransferError/Code/badCAFile`` if that file cannot be read or holds no certificate.
    public convenience init(userAgent: String, caFile: String? = nil) throws(TransferError) {
        try self.init(userAgent: userAgent, trust: TrustStore(extra: caFile))
    }

    init(userAgent: String, trust: TrustStore) throws(TransferError) {
        self.userAgent = userAgent
        self.trust = trust
        self.multi = try CurlMulti(threadName: "http-client")
    }

    /// Sends a request and returns the whole answer.
    ///
    /// An answer of any status is returned. Cancelling the task ends the transfer at once with ``TransferError/Code/cancelled``.
    public func send(_ request: HTTPRequest) async throws(TransferError) -> HTTPResponse {
        let (userAgent, trust) = (self.userAgent, self.trust)
        let request = try await request.pinningAddresses()
        return try await self.multi.run { () throws(TransferError) -> HTTPExchange in
            try HTTPExchange(request, userAgent: userAgent, trust: trust)
        } answer: { (exchange, code) throws(TransferError) in
            try exchange.response(code)
        }
    }
}
