/// What the server answered: any status, errors and redirects (which are not followed) too.
public struct HTTPResponse: Sendable {
    /// `200`, `404` …
    public var status: Int
    /// Of the final answer; those of an interim one (`100 Continue`) are dropped.
    public var headers: HTTPHeaders
    /// Decoded if the server compressed it.
    public var body: [UInt8]

    /// An answer; for doubles and tests.
    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
