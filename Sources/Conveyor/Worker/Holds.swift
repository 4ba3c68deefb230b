import Synchronization

/// The message types that cannot be handled now, for a reason that is none of their messages': a key that is refused, a table or a right that is missing.
/// Messages of such a type go back to the queue by the ladder, uncounted; a batch of them is tried now and then.
final class Holds: Sendable {
    /// How often a batch of a held type is tried.
    static let interval = Duration.seconds(2)

    private struct Hold {
        var reason: String
        let since: ContinuousClock.Instant
        var nextTry: ContinuousClock.Instant
    }
    private let holds = Mutex<[String: Hold]>([:])
    private let onChange: @Sendable (_ type: String, _ reason: String?) -> Void

    /// - Parameter onChange: told of a new reason, and of a type that is held no longer (nil).
    init(onChange: @escaping @Sendable (_ type: String, _ reason: String?) -> Void = { _, _ in }) { self.onChange = onChange }

    /// Why a type is held; the first in alphabetical order of those that there are.
    var reason: String? { self.holds.withLock { $0.values.map(\.reason).min() } }

    /// Whether messages of a type go back untried. Now and then a batch is not, to see whether it works again.
    func isHeld(_ type: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.holds.withLock { holds in
            guard let hold = holds[type] else { return false }
            guard hold.nextTry <= now else { return true }
            holds[type]?.nextTry = now + Self.interval
            return false
        }
    }

    /// For how long a type has been held.
    func heldFor(_ type: String, now: ContinuousClock.Instant = .now) -> Duration { self.holds.withLock { $0[type].map { now - $0.since } ?? .zero } }

    /// Messages of a type cannot be handled.
    func hold(_ type: String, _ reason: String, now: ContinuousClock.Instant = .now) {
        let isNews = self.holds.withLock { holds in
            defer { holds[type] = Hold(reason: reason, since: holds[type]?.since ?? now, nextTry: now + Self.interval) }
            return holds[type]?.reason != reason
        }
        if isNews { self.onChange(type, reason) }
    }

    /// One of them was handled.
    func release(_ type: String) {
        let isNews = self.holds.withLock { $0.isEmpty ? false : $0.removeValue(forKey: type) != nil }
        if isNews { self.onChange(type, nil) }
    }
}
