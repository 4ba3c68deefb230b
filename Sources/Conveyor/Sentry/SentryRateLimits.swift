import Transfer

/// Until when Sentry wants nothing of a kind (https://develop.sentry.dev/sdk/expected-features/rate-limiting/). A pure value.
struct SentryRateLimits: Sendable {
    /// What Sentry counts apart.
    enum Category: String, Sendable {
        case error, transaction
    }

    /// By category; the empty one is every category.
    private var until: [String: ContinuousClock.Instant] = [:]

    /// Whether nothing of that kind may be sent now.
    func forbid(_ category: Category, at now: ContinuousClock.Instant) -> Bool {
        [category.rawValue, ""].contains { self.until[$0].map { now < $0 } ?? false }
    }

    /// Heeds an answer: `X-Sentry-Rate-Limits: 60:transaction;error:key, 2700::organization`, or else a 429 with its `Retry-After`.
    mutating func heed(_ response: HTTPResponse, at now: ContinuousClock.Instant) {
        let limits = response.headers.values("X-Sentry-Rate-Limits").flatMap { $0.split(separator: ",") }
        guard !limits.isEmpty else {
            // A date instead of seconds is not worth a parser: a minute, as without the header.
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

    /// A minute if it says nothing that can be understood; a day is enough, whatever the other side says.
    private static func seconds(_ text: (some StringProtocol)?) -> Double {
        guard let text, let seconds = Double(text), !seconds.isNaN else { return 60 }
        return min(max(seconds, 0), 86_400)
    }

    private mutating func forbid(_ category: String, for seconds: Double, at now: ContinuousClock.Instant) {
        let end = now + .seconds(seconds)
        self.until[category] = max(self.until[category] ?? end, end)
    }
}
