import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Shop

extension Response {
    /// A JSON answer, by default with `no-store`.
    static func json(bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var response = Response(
            status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        for field in headers { response.headers[field.name] = field.value }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "private, no-store" }
        return response
    }

    /// A JSON answer.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        .json(bytes: try JSON.encode(value), status: status, headers: headers)
    }

    /// `application/problem+json` (RFC 9457).
    static func problem(
        _ problem: Problem, _ request: Request, _ context: IngressContext, operationID: String? = nil, headers: HTTPFields = [:]
    ) -> Response {
        let body = ProblemBody(problem, instance: request.uri.path, requestID: context.requestID, operationID: operationID)
        // Cannot fail: it contains only strings and numbers.
        let bytes = (try? JSON.encode(body)) ?? Array("{}".utf8)
        var response = Response(
            status: .init(code: problem.code.status),
            headers: [.contentType: "application/problem+json", .cacheControl: "private, no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        if problem.code.status == 401 {
            // RFC 6750, section 3.1: after a refused token the answer says so.
            let isToken = problem.code != .badCredentials && request.headers.contains(.authorization)
            response.headers[.wwwAuthenticate] = "Bearer realm=\"conveyor\"" + (isToken ? ", error=\"invalid_token\"" : "")
        }
        if problem.code.status == 503 { response.headers[.retryAfter] = "2" }
        for field in headers { response.headers[field.name] = field.value }
        return response
    }
}

/// A problem as it is answered.
struct ProblemBody: Encodable, Sendable {
    let type: String
    let title: String
    let status: Int
    let detail: String
    let instance: String?
    let code: Problem.Code
    let errors: [Problem.FieldError]?
    let lines: [Problem.Line]?
    let operationID: String?
    let requestID: String?

    init(_ problem: Problem, instance: String? = nil, requestID: String? = nil, operationID: String? = nil) {
        self.type = "/problems/\(problem.code.rawValue)"
        self.title = problem.code.title
        self.status = problem.code.status
        self.detail = problem.detail
        self.instance = instance
        self.code = problem.code
        self.errors = problem.errors
        self.lines = problem.lines
        self.operationID = operationID
        self.requestID = requestID
    }

    enum CodingKeys: String, CodingKey {
        case type, title, status, detail, instance, code, errors, lines
        case operationID = "operation_id"
        case requestID = "request_id"
    }
}
