import HTTPTypes
import Kit
import Shop
import Synchronization

/// Counts the requests of each client in windows of a fixed length.
final class RateLimiter: Sendable {
    /// Where a client stands after a request.
    struct Standing: Sendable {
        var isAllowed: Bool
        var remaining: Int
        /// Seconds until the window ends.
        var reset: Int
    }

    private struct State {
        var window: Int64 = 0
        var counts: [String: Int] = [:]
    }

    let name: String
    private let quota: Int
    private let seconds: Int64
    private let state = Mutex(State())

    /// - Throws: the setting is not `<n>/<seconds>`.
    init(_ name: String, _ settings: Settings, _ setting: Setting) throws(SettingError) {
        let parts = try settings.require(setting).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let quota = Int(parts[0]), let seconds = Int64(parts[1]), quota > 0, 1...86_400 ~= seconds else {
            throw SettingError(name: setting.name, reason: "must be <n>/<seconds>, e.g. 60/60")
        }
        self.name = name
        self.quota = quota
        self.seconds = seconds
    }

    /// Counts a request of a client.
    func take(_ client: String) -> Standing {
        let now = Clock.seconds()
        let window = now / self.seconds
        let count = self.state.withLock { state in
            if state.window != window {
                // All counts at once: nothing of the last window is remembered, so nothing grows.
                state.window = window
                state.counts.removeAll(keepingCapacity: state.counts.count < 10_000)
            }
            state.counts[client, default: 0] += 1
            return state.counts[client, default: 0]
        }
        return Standing(isAllowed: count <= self.quota, remaining: max(0, self.quota - count), reset: Int((window + 1) * self.seconds - now))
    }

    /// `RateLimit-Policy` and `RateLimit`.
    func headers(_ standing: Standing) -> HTTPFields {
        [
            .rateLimitPolicy: "\"\(self.name)\";q=\(self.quota);w=\(self.seconds)",
            .rateLimit: "\"\(self.name)\";r=\(standing.remaining);t=\(standing.reset)",
        ]
    }

    /// `429`.
    func refusal(_ standing: Standing) -> Refusal {
        var headers = self.headers(standing)
        headers[.retryAfter] = String(standing.reset)
        return Refusal(Problem(.rateLimited, "Too many requests; try again in \(standing.reset) s."), headers: headers)
    }
}
