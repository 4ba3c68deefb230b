/// The steps a message climbs while it fails: one `retry.<seconds>` queue each.
public struct RetryLadder: Sendable, Equatable {
    /// Seconds to wait after the first failure, the second, …
    public let delays: [Int]

    /// 1 s, 5 s, 30 s, 2 min, 10 min, 1 h.
    public static let standard = RetryLadder(delays: [1, 5, 30, 120, 600, 3600])

    /// A ladder of these steps, in seconds, ascending.
    public init(delays: [Int]) {
        self.delays = delays
    }

    /// What happens to a message that failed for a passing reason.
    public enum Next: Sendable, Equatable {
        /// It comes back after this many seconds, through `retry.<seconds>`.
        case retry(after: Int)
        /// It has had all its attempts.
        case giveUp
    }

    /// The step after `attempt` (from 1) failed.
    ///
    /// One message in five waits a step longer, so that what failed together does not come back together. A `Retry-After` longer than the step is
    /// honoured by the first step that is long enough, or the last.
    /// - Parameter chance: 0 ..< 1, drawn at random.
    public func next(afterAttempt attempt: Int, limit: Int?, retryAfter: Duration?, chance: Double) -> Next {
        guard !self.delays.isEmpty, attempt < limit ?? (self.delays.count + 1) else { return .giveUp }
        return .retry(after: self.step(afterAttempt: attempt, retryAfter: retryAfter, chance: chance))
    }

    /// The seconds of the step after `attempt`, whether or not it is the last; those after the last are the same.
    func step(afterAttempt attempt: Int, retryAfter: Duration? = nil, chance: Double) -> Int {
        guard !self.delays.isEmpty else { return 1 }
        var step = min(max(attempt, 1), self.delays.count) - 1
        if chance < 0.2, step + 1 < self.delays.count { step += 1 }
        if let retryAfter {
            while step + 1 < self.delays.count, .seconds(self.delays[step]) < retryAfter { step += 1 }
        }
        return self.delays[step]
    }

    /// The longest step of at most `limit` seconds, or the first: for what waits without being counted.
    func step(upTo limit: Int) -> Int { self.delays.last { $0 <= limit } ?? self.delays.first ?? 1 }
}
