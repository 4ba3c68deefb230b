import Transfer

/// When Sentry accepts each kind of item again (https://develop.sentry.dev/sdk/expected-features/rate-limiting/). A pure value.
struct SentryRateLimits: Sendable {
    /// The categories that Sentry limits separately.
    enum Category: String, Sendable {
        case error, transaction
    }

    /// By category; the empty one applies to all.
    private var until: [String: ContinuousClock.Instant] = [:]

    /// Whether nothing of that category may be sent now.
    func forbid(_ category: Category, at now: ContinuousClock.Instant) -> Bool {
        [category.rawValue, ""].contains { self.until[$0].map { now < $0 } ?? false }
    }

    /// Applies an answer: `X-Sentry-Rate-Limits: 60:transaction;error:key, 2700::organization`, or else a 429 with `Retry-After`.
    mutating func heed(_ response: HTTPResponse, at now: ContinuousClock.Instant) {
        let limits = response.headers.values("X-Sentry-Rate-Limits").flatMap { $0.split(separator: ",") }
        guard !limits.isEmpty else {
            // A date is not parsed: a minute, as without the header.
            if response.status == 429 { self.forbid("", for: Self.seconds(response.headers["Retry-After"]), at: now) }
            return
        }
        for limit in limits {
            let fields = limit.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimming { $0 == " " } }
            let seconds = Self.seconds(fields.first)
            let categories = fields.count > 1 ? fields[1].split(separator: ";") : []
            for category in categories { self.forbid(String(category), for: seconds, at: now) }
            if categories.isEmpty { self.forbid("", for: seconds, at: now) }
        }
    }

    /// A minute if the value is unreadable, and a day at most.
    private static func seconds(_ text: (some StringProtocol)?) -> Double {
        guard let text, let seconds = Double(text), !seconds.isNaN else { return 60 }
        return min(max(seconds, 0), 86_400)
    }

    private mutating func forbid(_ category: String, for seconds: Double, at now: ContinuousClock.Instant) {
        let end = now + .seconds(seconds)
        self.until[category] = max(self.until[category] ?? end, end)
    }
}
