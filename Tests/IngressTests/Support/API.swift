import Conveyor
import Fixtures
import Testing
import Transfer

/// A frontend's client of one ingress.
struct API: Sendable {
    let port: Int
    private let client: HTTPClient

    init(port: Int) throws {
        self.port = port
        self.client = try HTTPClient(userAgent: "tests")
    }

    /// Sends a request.
    /// - Parameters:
    ///   - path: below `/api/v1`, unless it is absolute.
    ///   - token: the sender's access token.
    ///   - waiting: whether to wait for the operation.
    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, by token: String? = nil, waiting: Bool = false, headers: [String: String] = [:],
        absolute: Bool = false
    ) async throws -> Answer {
        var request = HTTPRequest(.init(rawValue: method), url: "http://127.0.0.1:\(self.port)\(absolute ? "" : "/api/v1")\(path)")
        if let body {
            request.body = body.bytes
            request.headers["Content-Type"] = "application/json"
        }
        if let token { request.headers["Authorization"] = "Bearer \(token)" }
        if waiting { request.headers["Prefer"] = "wait=30" }
        request.timeout = .seconds(60)
        for (name, value) in headers { request.headers[name] = value }
        return Answer(try await self.client.send(request))
    }

    func get(_ path: String, by token: String? = nil, headers: [String: String] = [:]) async throws -> Answer {
        try await self.send("GET", path, by: token, headers: headers)
    }

    /// Creates an account.
    func register(_ email: String) async throws -> (id: String, Answer) {
        let answer = try await self.send(
            "POST", "/auth/register", ["email": .string(email), "password": .string(TestShop.password)], waiting: true)
        try #require(answer.status == 201, "\(answer)")
        return (try #require(answer["resource", "id"].text), answer)
    }

    /// An access token.
    func login(_ email: String, password: String = TestShop.password) async throws -> String {
        let answer = try await self.send("POST", "/auth/login", ["email": .string(email), "password": .string(password)])
        return try #require(answer["access_token"].text, "\(answer)")
    }
}

/// An answer of the ingress.
struct Answer: CustomStringConvertible {
    let status: Int
    let headers: Headers
    let bytes: [UInt8]
    let json: JSON

    init(_ response: HTTPResponse) {
        self.status = response.status
        self.headers = Headers(fields: response.headers)
        self.bytes = response.body
        self.json = JSON(response.body) ?? .null
    }

    /// The value at a path into the body.
    subscript(_ path: String...) -> JSON { path.reduce(self.json) { $0[$1] } }

    var code: String? { self["code"].text }
    /// The fields with errors.
    var fields: Set<String> { Set(self["errors"].list.compactMap { $0["field"].text }) }

    var description: String { "\(self.status) \(String(decoding: self.bytes.prefix(1000), as: UTF8.self))" }
}

/// The header fields of an answer; names are compared without case.
struct Headers {
    fileprivate let fields: HTTPHeaders
    subscript(_ name: String) -> String? { self.fields[name] }
}
