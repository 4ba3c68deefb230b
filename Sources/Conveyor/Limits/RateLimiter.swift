import Synchronization

/// Limits how often something may happen for each key: so many times at once, then evenly (the generic cell rate algorithm, as ATM networks police
/// cells; ITU-T I.371).
///
/// A key costs memory only until its quota is whole again.
public final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    /// Where a key stands.
    public struct Standing: Sendable, Equatable {
        /// Whether it may happen.
        public var isAllowed: Bool
        /// How many times more it may happen at once.
        public var remaining: Int
        /// Until the quota is whole.
        public var reset: Duration
        /// Until it may happen again; zero if it may.
        public var wait: Duration
    }

    private struct State {
        /// When each key's quota is whole again, in nanoseconds since ``origin``.
        var wholeAt: [Key: Int64] = [:]
        /// As ``wholeAt``, of all keys together for which there was no room.
        var othersWholeAt: Int64 = 0
        /// So many keys are looked through for those that can be forgotten.
        var fullAt = 1024
        var lookedAt = Int64.min
    }

    /// Times of one quota.
    public let quota: Int
    /// In which a used quota becomes whole.
    public let window: Duration
    private let interval: Int64
    private let burst: Int64
    private let capacity: Int
    private let origin = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - quota: times at once, 1 to a thousand million.
    ///   - window: in which as many are allowed in the long run, up to a day.
    ///   - capacity: keys that are remembered. Beyond, newcomers share one quota.
    public init(quota: Int, per window: Duration, capacity: Int = 100_000) {
        self.quota = min(max(quota, 1), 1_000_000_000)
        self.window = min(max(window, .milliseconds(1)), .seconds(86_400))
        self.interval = max(1, Self.nanoseconds(self.window) / Int64(self.quota))
        self.burst = self.interval * Int64(self.quota)
        self.capacity = capacity
    }

    /// Of a span that is known to be short.
    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return min(max(seconds, -4_000_000_000), 4_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// How a key stands; counts nothing.
    public func standing(of key: Key, at now: ContinuousClock.Instant = .now) -> Standing {
        let now = Self.nanoseconds(self.origin.duration(to: now))
        return self.state.withLock { state in
            let wholeAt = state.wholeAt[key] ?? (state.wholeAt.count < self.capacity ? now : state.othersWholeAt)
            return self.standing(wholeAt: max(wholeAt, now), isAllowed: max(wholeAt, now) - now <= self.burst - self.interval, now)
        }
    }

    /// Counts one time of a key, unless its quota is used up.
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

    /// Takes back one time that was counted, as it turned out not to be of the kind that is limited.
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

    /// Forgets the keys whose quota is whole, once there are twice as many as were left the last time; at the most once a second.
    private func makeRoom(for key: Key, in state: inout State, _ now: Int64) {
        guard state.wholeAt.count >= min(state.fullAt, self.capacity), state.wholeAt[key] == nil, now >= state.lookedAt else { return }
        state.wholeAt = state.wholeAt.filter { $0.value > now }
        state.fullAt = max(1024, state.wholeAt.count * 2)
        state.lookedAt = now + 1_000_000_000
    }
}
