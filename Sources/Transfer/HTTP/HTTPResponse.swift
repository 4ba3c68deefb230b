/// The server's answer with any status, including errors and redirects (which are not followed).
public struct HTTPResponse: Sendable {
    /// `200`, `404` …
    public var status: Int
    /// The headers of the final answer; those of an interim one (`100 Continue`) are dropped.
    public var headers: HTTPHeaders
    /// The body, decompressed if necessary.
    public var body: [UInt8]

    /// An answer; for doubles and tests.
    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
