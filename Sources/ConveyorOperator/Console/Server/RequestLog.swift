import Conveyor
import Hummingbird
import Logging

/// One line per request, and its metrics. Reads, which scripts repeat every few seconds, are logged at `debug`.
struct RequestLog: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        let response = try await next(request, context)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let (method, route, status) = (request.method.rawValue, context.endpointPath ?? "unknown", response.status.code)
        // Clients may send any method; only known ones become series.
        Metrics.httpRequest(
            method: ["GET", "HEAD", "POST"].contains(method) ? method : "OTHER", route: route, status: status, seconds: seconds)
        self.logger.log(
            level: method == "POST" || status >= 500 ? .info : .debug, "request",
            metadata: [
                "method": .string(method), "route": .string(route), "status": .stringConvertible(status),
                "ms": .string(Quantity.decimal(seconds * 1000, places: 1)), "client": .string(context.client),
            ])
        return response
    }
}
