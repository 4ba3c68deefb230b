/// When to reconnect: exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/),
/// so that a thousand clients of a restarted broker do not return at once.
struct Redial {
    private static let base = Duration.milliseconds(100)
    private static let ceiling = Duration.seconds(5)
    /// A connection that lived at least this long ends the series of failures: the next failure begins a new one.
    private static let settled = Duration.seconds(5)

    /// The state of connecting.
    enum Phase: Equatable {
        case waiting(until: ContinuousClock.Instant)
        case dialling
        case connected(since: ContinuousClock.Instant)
    }

    private(set) var phase: Phase
    private var failures = 0

    init(now: ContinuousClock.Instant) { self.phase = .waiting(until: now) }

    /// Whether to connect now; if so, the state becomes dialling.
    mutating func begin(_ now: ContinuousClock.Instant) -> Bool {
        guard case .waiting(let until) = self.phase, until <= now else { return false }
        self.phase = .dialling
        return true
    }

    mutating func succeeded(_ now: ContinuousClock.Instant) { self.phase = .connected(since: now) }

    /// Notes a failed attempt or a lost connection.
    mutating func failed(_ now: ContinuousClock.Instant) {
        if case .connected(let since) = self.phase, since + Self.settled <= now { self.failures = 0 }
        let limit = min(Self.ceiling, Self.base * (1 << min(self.failures, 10)))
        self.failures += 1
        self.phase = .waiting(until: now + limit * Double.random(in: 0...1))
    }

    /// When ``begin(_:)`` returns true.
    var nextDeadline: ContinuousClock.Instant? { if case .waiting(let until) = self.phase { until } else { nil } }
}
