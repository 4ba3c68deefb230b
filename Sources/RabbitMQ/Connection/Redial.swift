/// When to connect again: exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/),
/// so that a thousand clients of a broker that comes back do not come back together.
struct Redial {
    private static let base = Duration.milliseconds(100)
    private static let ceiling = Duration.seconds(5)
    /// A connection that lived at least this long was a good one: the next failure begins a new series.
    private static let settled = Duration.seconds(5)

    /// What is going on.
    enum Phase: Equatable {
        case waiting(until: ContinuousClock.Instant)
        case dialling
        case connected(since: ContinuousClock.Instant)
    }

    private(set) var phase: Phase
    private var failures = 0

    init(now: ContinuousClock.Instant) { self.phase = .waiting(until: now) }

    /// Whether to dial now; from then on it is dialling.
    mutating func begin(_ now: ContinuousClock.Instant) -> Bool {
        guard case .waiting(let until) = self.phase, until <= now else { return false }
        self.phase = .dialling
        return true
    }

    mutating func succeeded(_ now: ContinuousClock.Instant) { self.phase = .connected(since: now) }

    /// A dial failed, or a connection was lost.
    mutating func failed(_ now: ContinuousClock.Instant) {
        if case .connected(let since) = self.phase, since + Self.settled <= now { self.failures = 0 }
        let limit = min(Self.ceiling, Self.base * (1 << min(self.failures, 10)))
        self.failures += 1
        self.phase = .waiting(until: now + limit * Double.random(in: 0...1))
    }

    /// When ``begin(_:)`` will say yes.
    var nextDeadline: ContinuousClock.Instant? { if case .waiting(let until) = self.phase { until } else { nil } }
}
