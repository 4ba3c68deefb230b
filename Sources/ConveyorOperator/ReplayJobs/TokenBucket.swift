/// Limits a rate evenly: after a pause at most a tenth of a second's tokens are available at once.
struct TokenBucket: Sendable {
    /// Tokens per second.
    let rate: Double
    private let capacity: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    init(rate: Double, now: ContinuousClock.Instant = .now) {
        self.rate = rate
        self.capacity = max(1, rate / 10)
        self.tokens = 1
        self.filledAt = now
    }

    /// The largest number that may be taken at once.
    var largest: Int { Int(self.capacity) }

    /// Takes tokens, including those that are not available yet.
    /// - Parameter count: at most ``largest``.
    /// - Returns: how long to wait until they are.
    mutating func take(_ count: Int, now: ContinuousClock.Instant = .now) -> Duration {
        let passed = (now - self.filledAt).components
        self.tokens = min(self.capacity, self.tokens + (Double(passed.seconds) + Double(passed.attoseconds) / 1e18) * self.rate)
        self.filledAt = now
        self.tokens -= Double(count)
        return self.tokens >= 0 ? .zero : .seconds(-self.tokens / self.rate)
    }
}
