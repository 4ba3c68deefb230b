import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers the three paths of a ``HealthServer``.
struct HealthResponder: Sendable {
    let unready: @Sendable () async -> [String]

    func respond(to request: Request) async -> Response {
        let path = request.uri.path
        guard ["/health/live", "/health/ready", "/metrics"].contains(path) else { return Self.text(.notFound, "not found\n") }
        guard request.method == .get || request.method == .head else {
            var response = Self.text(.methodNotAllowed, "GET or HEAD\n")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        var response: Response
        switch path {
        case "/health/ready":
            let report = HealthReport(unready: await self.unready())
            response = Self.answer(report.isReady ? .ok : .serviceUnavailable, "application/json", report.json)
        case "/metrics":
            response = Self.answer(.ok, PrometheusMetrics.contentType, Array(PrometheusMetrics.shared.render().utf8))
        default:
            response = Self.answer(.ok, "application/json", Array(#"{"status":"live"}"#.utf8))
        }
        response.headers[.cacheControl] = "no-store"
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }

    private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        self.answer(status, "text/plain; charset=utf-8", Array(text.utf8))
    }

    private static func answer(_ status: HTTPResponse.Status, _ type: String, _ body: [UInt8]) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}
