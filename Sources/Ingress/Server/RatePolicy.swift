import Conveyor
import HTTPTypes
import Shop

/// A limit of requests per client and time, announced in headers (draft-ietf-httpapi-ratelimit-headers).
struct RatePolicy: Sendable {
    let name: String
    private let limiter: RateLimiter<IPAddress>

    init(_ name: String, _ rate: Rate) {
        self.name = name
        self.limiter = RateLimiter(rate)
    }

    /// Counts a client's request.
    func take(_ client: IPAddress) -> RateLimiter<IPAddress>.Standing { self.limiter.take(client.network) }

    /// `RateLimit-Policy` and `RateLimit`.
    func headers(_ standing: RateLimiter<IPAddress>.Standing) -> HTTPFields {
        [
            .rateLimitPolicy: "\"\(self.name)\";q=\(self.limiter.quota);w=\(self.limiter.window.wholeSeconds)",
            .rateLimit: "\"\(self.name)\";r=\(standing.remaining);t=\(standing.reset.wholeSeconds)",
        ]
    }

    /// `429`.
    func refusal(_ standing: RateLimiter<IPAddress>.Standing) -> Refusal {
        Refusal.tooMany("Too many requests", wait: standing.wait, headers: self.headers(standing))
    }
}

/// `<n>/<seconds>`.
struct Rate: Sendable {
    let quota: Int
    let seconds: Int

    init(_ quota: Int, per seconds: Int) {
        self.quota = quota
        self.seconds = seconds
    }

    /// - Throws: if the setting is not `<n>/<seconds>`.
    init(_ settings: Settings, _ setting: Setting) throws(SettingError) {
        let parts = try settings.require(setting).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let quota = Int(parts[0]), let seconds = Int(parts[1]), 1...1_000_000_000 ~= quota, 1...86_400 ~= seconds else {
            throw SettingError(name: setting.name, reason: "must be <n>/<seconds>, e.g. 60/60")
        }
        self.init(quota, per: seconds)
    }

    /// The stricter of two policies in the long run.
    func stricter(than other: Rate) -> Rate {
        // The products fit: at most a thousand million times the seconds of a day.
        self.quota * other.seconds < other.quota * self.seconds ? self : other
    }
}

extension RateLimiter {
    convenience init(_ rate: Rate) { self.init(quota: rate.quota, per: .seconds(rate.seconds)) }
}

extension Refusal {
    /// `429` with `Retry-After`.
    static func tooMany(_ what: String, wait: Duration, headers: HTTPFields = [:]) -> Refusal {
        var headers = headers
        let seconds = max(1, wait.wholeSeconds)
        headers[.retryAfter] = String(seconds)
        return Refusal(Problem(.rateLimited, "\(what); try again in \(seconds) s."), headers: headers)
    }
}

extension Duration {
    /// Seconds, rounded up.
    var wholeSeconds: Int { Int(clamping: self.components.seconds) + (self.components.attoseconds > 0 ? 1 : 0) }
}
