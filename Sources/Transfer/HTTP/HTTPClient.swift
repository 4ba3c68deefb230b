/// Sends HTTP requests by libcurl: TLS verified, HTTP/2 where the server speaks it, connections kept open and used again.
///
/// Many requests may be under way at once; all of one client's run on one thread of its own, and no caller's thread ever blocks.
/// Redirects are not followed, cookies not kept, and proxy variables of the environment not read.
public final class HTTPClient: Sendable {
    private let multi: CurlMulti
    private let trust: TrustStore
    private let userAgent: String

    /// A client with no connections yet.
    ///
    /// - Parameters:
    ///   - userAgent: sent with every request, `conveyor/1.0.0`.
    ///   - caFile: PEM certificates that are trusted beside the system's.
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
    /// An answer of any status is an answer. Cancelling the task ends the transfer at once, as ``TransferError/Code/cancelled``.
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
