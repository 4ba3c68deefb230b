/// The retry schedule: the delays of a failing message, one `retry.<seconds>` queue each.
public struct RetryLadder: Sendable, Equatable {
    /// The delays in seconds after the first failure, the second, …
    public let delays: [Int]

    /// 1 s, 5 s, 30 s, 2 min, 10 min, 1 h.
    public static let standard = RetryLadder(delays: [1, 5, 30, 120, 600, 3600])

    /// A schedule with these delays, in seconds, ascending.
    public init(delays: [Int]) {
        self.delays = delays
    }

    /// The result of a transient failure.
    public enum Next: Sendable, Equatable {
        /// It returns after this many seconds, through `retry.<seconds>`.
        case retry(after: Int)
        /// It has used all its attempts.
        case giveUp
    }

    /// The delay after `attempt` (from 1) failed.
    ///
    /// One message in five waits one step longer, so that messages that failed together do not return together. A longer `Retry-After` selects the
    /// first step that is long enough, or the last.
    /// - Parameter chance: 0 ..< 1, drawn at random.
    public func next(afterAttempt attempt: Int, limit: Int?, retryAfter: Duration?, chance: Double) -> Next {
        guard !self.delays.isEmpty, attempt < limit ?? (self.delays.count + 1) else { return .giveUp }
        return .retry(after: self.step(afterAttempt: attempt, retryAfter: retryAfter, chance: chance))
    }

    /// The seconds of the step after `attempt`, even if that was the last; later steps are the same as the last.
    public func step(afterAttempt attempt: Int, retryAfter: Duration? = nil, chance: Double) -> Int {
        guard !self.delays.isEmpty else { return 1 }
        var step = min(max(attempt, 1), self.delays.count) - 1
        if chance < 0.2, step + 1 < self.delays.count { step += 1 }
        if let retryAfter {
            while step + 1 < self.delays.count, .seconds(self.delays[step]) < retryAfter { step += 1 }
        }
        return self.delays[step]
    }

    /// The longest step of at most `limit` seconds, or the first: for waits that do not count as attempts.
    func step(upTo limit: Int) -> Int { self.delays.last { $0 <= limit } ?? self.delays.first ?? 1 }
}
