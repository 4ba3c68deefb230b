import HTTPTypes
import Hummingbird
import Kit
import Shop
import Synchronization

/// How many requests a client may send: one policy for the auth endpoints, one for all other writes, one for reads
/// (draft-ietf-httpapi-ratelimit-headers).
struct RateLimits: RouterMiddleware {
    typealias Context = IngressContext

    /// Also by account: whoever guesses one's password from many addresses is stopped by it.
    let auth: RateLimiter?
    private let writes: RateLimiter?
    private let reads: RateLimiter?

    init(settings: Settings) throws(SettingError) {
        let isOn = try settings.bool("RATE_LIMIT")
        self.auth = isOn ? try RateLimiter("auth", settings, "RATE_LIMIT_AUTH") : nil
        self.writes = isOn ? try RateLimiter("writes", settings, "RATE_LIMIT_WRITES") : nil
        self.reads = isOn ? try RateLimiter("reads", settings, "RATE_LIMIT_READS") : nil
    }

    func handle(_ request: Request, context: IngressContext, next: (Request, IngressContext) async throws -> Response) async throws -> Response {
        guard let limiter = self.limiter(for: request) else { return try await next(request, context) }
        let standing = limiter.take(context.client)
        guard standing.isAllowed else { throw limiter.refusal(standing) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            throw Refusal(problem, headers: limiter.headers(standing))
        } catch let refusal as Refusal {
            throw Refusal(refusal.problem, headers: limiter.headers(standing) + refusal.headers)
        }
        for field in limiter.headers(standing) where response.headers[field.name] == nil { response.headers[field.name] = field.value }
        return response
    }

    private func limiter(for request: Request) -> RateLimiter? {
        let path = request.uri.path
        guard path.hasPrefix("/api/v1/") else { return nil }
        // Stripe's events are signed; to refuse one would only have it sent again.
        if path == StripeWebhook.path { return nil }
        if path.hasPrefix("/api/v1/auth/") { return self.auth }
        return request.method == .get || request.method == .head ? self.reads : self.writes
    }
}
