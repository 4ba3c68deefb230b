import Conveyor
import HTTPTypes
import Hummingbird
import Shop

/// Cross-origin requests from the origins in `BACKEND_CORS_ORIGINS` (https://fetch.spec.whatwg.org/#http-cors-protocol).
struct CORS: RouterMiddleware {
    typealias Context = IngressContext

    private let origins: Set<String>

    /// - Throws: if the setting is not a JSON list of origins.
    init(settings: Settings) throws(SettingError) {
        let origins = try settings.jsonList("BACKEND_CORS_ORIGINS")
        for origin in origins where origin != "*" && !(origin.contains("://") && !origin.hasSuffix("/")) {
            throw SettingError(name: "BACKEND_CORS_ORIGINS", reason: "must contain origins without a path, e.g. https://shop.example")
        }
        self.origins = Set(origins)
    }

    func handle(_ request: Request, context: IngressContext, next: (Request, IngressContext) async throws -> Response) async throws -> Response {
        guard !self.origins.isEmpty else { return try await next(request, context) }
        guard let origin = request.headers[.origin], self.origins.contains(origin) || self.origins.contains("*") else {
            var response = try await next(request, context)
            response.headers.vary(on: .origin)
            return response
        }
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            return Response(
                status: .noContent,
                headers: [
                    .accessControlAllowOrigin: origin, .vary: "Origin", .accessControlMaxAge: "600",
                    .accessControlAllowMethods: "GET, HEAD, POST, PUT, PATCH, DELETE",
                    .accessControlAllowHeaders:
                        "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-ID, traceparent",
                ])
        }
        // The outer layer answers errors; these need the headers as well.
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            throw Refusal(problem, headers: Self.exposed(to: origin) + [.vary: "Origin"])
        } catch let refusal as Refusal {
            throw Refusal(refusal.problem, headers: refusal.headers + Self.exposed(to: origin) + [.vary: "Origin"])
        }
        for field in Self.exposed(to: origin) { response.headers[field.name] = field.value }
        response.headers.vary(on: .origin)
        return response
    }

    private static func exposed(to origin: String) -> HTTPFields {
        [
            .accessControlAllowOrigin: origin,
            .accessControlExposeHeaders: "ETag, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
        ]
    }
}
