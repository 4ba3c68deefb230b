import Synchronization

/// Limits how often something may happen per key: a quota at once, which is restored evenly (the generic cell rate algorithm of ATM networks,
/// ITU-T I.371).
///
/// A key uses memory only until its quota is restored.
public final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    /// The state of a key.
    public struct Standing: Sendable, Equatable {
        /// Whether one more is allowed.
        public var isAllowed: Bool
        /// The number of further requests that are allowed at once.
        public var remaining: Int
        /// The time until the quota is restored.
        public var reset: Duration
        /// The time until one more is allowed; zero if it is now.
        public var wait: Duration
    }

    private struct State {
        /// When each key's quota is restored, in nanoseconds since ``origin``.
        var wholeAt: [Key: Int64] = [:]
        /// As ``wholeAt``, for all keys together that have no entry of their own.
        var othersWholeAt: Int64 = 0
        /// The number of keys at which expired ones are removed.
        var fullAt = 1024
        var lookedAt = Int64.min
    }

    /// The number that is allowed at once.
    public let quota: Int
    /// The time in which a used quota is restored.
    public let window: Duration
    private let interval: Int64
    private let burst: Int64
    private let capacity: Int
    private let origin = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - quota: how many are allowed at once, 1 to a thousand million.
    ///   - window: in which as many are allowed in the long run, up to a day.
    ///   - capacity: the limit of stored keys. Further keys share one quota.
    public init(quota: Int, per window: Duration, capacity: Int = 100_000) {
        self.quota = min(max(quota, 1), 1_000_000_000)
        self.window = min(max(window, .milliseconds(1)), .seconds(86_400))
        self.interval = max(1, Self.nanoseconds(self.window) / Int64(self.quota))
        self.burst = self.interval * Int64(self.quota)
        self.capacity = capacity
    }

    /// The nanoseconds of a short duration.
    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return min(max(seconds, -4_000_000_000), 4_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The state of a key; counts nothing.
    public func standing(of key: Key, at now: ContinuousClock.Instant = .now) -> Standing {
        let now = Self.nanoseconds(self.origin.duration(to: now))
        return self.state.withLock { state in
            let wholeAt = state.wholeAt[key] ?? (state.wholeAt.count < self.capacity ? now : state.othersWholeAt)
            return self.standing(wholeAt: max(wholeAt, now), isAllowed: max(wholeAt, now) - now <= self.burst - self.interval, now)
        }
    }

    /// Counts one event of a key, unless its quota is used up.
    public func take(_ key: Key, at now: ContinuousClock.Instant = .now) -> Standing {
        let now = Self.nanoseconds(self.origin.duration(to: now))
        return self.state.withLock { state in
            self.makeRoom(for: key, in: &state, now)
            let hasRoom = state.wholeAt[key] != nil || state.wholeAt.count < self.capacity
            let wholeAt = max(hasRoom ? state.wholeAt[key] ?? now : state.othersWholeAt, now)
            guard wholeAt - now <= self.burst - self.interval else { return self.standing(wholeAt: wholeAt, isAllowed: false, now) }
            if hasRoom { state.wholeAt[key] = wholeAt + self.interval } else { state.othersWholeAt = wholeAt + self.interval }
            return self.standing(wholeAt: wholeAt + self.interval, isAllowed: true, now)
        }
    }

    /// Takes one counted event back, which turned out not to be limited.
    public func giveBack(_ key: Key) {
        self.state.withLock { state in
            if let wholeAt = state.wholeAt[key] { state.wholeAt[key] = wholeAt - self.interval } else { state.othersWholeAt -= self.interval }
        }
    }

    private func standing(wholeAt: Int64, isAllowed: Bool, _ now: Int64) -> Standing {
        let used = wholeAt - now
        return Standing(
            isAllowed: isAllowed, remaining: Int(max(0, (self.burst - used) / self.interval)), reset: .nanoseconds(used),
            wait: isAllowed ? .zero : .nanoseconds(max(0, used - self.burst + self.interval)))
    }

    /// Removes keys with a restored quota when there are twice as many as after the last removal; at most once a second.
    private func makeRoom(for key: Key, in state: inout State, _ now: Int64) {
        guard state.wholeAt.count >= min(state.fullAt, self.capacity), state.wholeAt[key] == nil, now >= state.lookedAt else { return }
        state.wholeAt = state.wholeAt.filter { $0.value > now }
        state.fullAt = max(1024, state.wholeAt.count * 2)
        state.lookedAt = now + 1_000_000_000
    }
}
