import HTTPTypes
import Hummingbird

/// Restricts browsers for all answers: only our own content, no foreign frames, no caching.
struct SecurityHeaders: RouterMiddleware {
    /// Whether the console itself serves TLS.
    let isTLS: Bool

    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.contentSecurityPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.xFrameOptions] = "DENY"
        response.headers[.referrerPolicy] = "same-origin"
        response.headers[.crossOriginOpenerPolicy] = "same-origin"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        response.headers[.permissionsPolicy] = "camera=(), geolocation=(), microphone=()"
        response.headers[.robotsTag] = "noindex"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if self.isTLS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }
}

extension HTTPField.Name {
    static let crossOriginOpenerPolicy = Self.literal("Cross-Origin-Opener-Policy")
    static let permissionsPolicy = Self.literal("Permissions-Policy")
    static let referrerPolicy = Self.literal("Referrer-Policy")
    /// The header of requests that our script makes on its own.
    static let refresh = Self.literal("X-Conveyor-Refresh")
    static let robotsTag = Self.literal("X-Robots-Tag")
    static let secFetchSite = Self.literal("Sec-Fetch-Site")
    static let xForwardedProto = Self.literal("X-Forwarded-Proto")
    static let xFrameOptions = Self.literal("X-Frame-Options")

    private static func literal(_ name: String) -> Self {
        guard let field = Self(name) else { preconditionFailure("\(name) is a token of RFC 9110") }
        return field
    }
}
