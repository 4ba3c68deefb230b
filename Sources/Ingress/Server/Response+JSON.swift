import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Resources
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
