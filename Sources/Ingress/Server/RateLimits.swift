import Conveyor
import HTTPTypes
import Hummingbird
import Shop
import Synchronization

/// Limits the requests per client: one policy for the auth endpoints, one for other writes, one for reads
/// (draft-ietf-httpapi-ratelimit-headers); and the number of open requests.
struct RateLimits: RouterMiddleware {
    typealias Context = IngressContext

    /// The limit of passwords per account; nil if limits are off.
    let guesses: GuessLimits?
    private let auth: RatePolicy?
    private let writes: RatePolicy?
    private let reads: RatePolicy?
    private let requests: ConcurrencyLimit<IPAddress>

    /// - Parameter requests: the limit of a client's open requests.
    init(settings: Settings, requests: Int) throws(SettingError) {
        self.requests = ConcurrencyLimit(requests)
        guard try settings.bool("RATE_LIMIT") else {
            (self.guesses, self.auth, self.writes, self.reads) = (nil, nil, nil, nil)
            return
        }
        let auth = try Rate(settings, "RATE_LIMIT_AUTH")
        self.guesses = GuessLimits(auth)
        self.auth = RatePolicy("auth", auth)
        self.writes = RatePolicy("writes", try Rate(settings, "RATE_LIMIT_WRITES"))
        self.reads = RatePolicy("reads", try Rate(settings, "RATE_LIMIT_READS"))
    }

    func handle(_ request: Request, context: IngressContext, next: (Request, IngressContext) async throws -> Response) async throws -> Response {
        let client = context.client.network
        guard self.requests.take(client) else { throw Refusal.tooMany("Too many requests at once", wait: .seconds(1)) }
        defer { self.requests.giveBack(client) }
        guard let policy = self.policy(for: request) else { return try await next(request, context) }
        let standing = policy.take(context.client)
        guard standing.isAllowed else { throw policy.refusal(standing) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            throw Refusal(problem, headers: policy.headers(standing))
        } catch let refusal as Refusal {
            throw Refusal(refusal.problem, headers: policy.headers(standing) + refusal.headers)
        }
        for field in policy.headers(standing) where response.headers[field.name] == nil { response.headers[field.name] = field.value }
        return response
    }

    private func policy(for request: Request) -> RatePolicy? {
        let path = request.uri.path
        guard path.hasPrefix("/api/v1/") else { return nil }
        // Stripe's events are signed; refusing one would only make Stripe send it again.
        if path == StripeWebhook.path { return nil }
        if path.hasPrefix("/api/v1/auth/") { return self.auth }
        return request.method == .get || request.method == .head ? self.reads : self.writes
    }
}
