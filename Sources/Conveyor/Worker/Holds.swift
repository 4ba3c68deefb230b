import Synchronization

/// The message types that are held back for a reason that does not concern their messages: a refused key, a missing table or right.
/// Their messages return to the queue through a retry queue, without counting an attempt; now and then one batch is tried.
final class Holds: Sendable {
    /// The interval of these tries.
    static let interval = Duration.seconds(2)

    private struct Hold {
        var reason: String
        let since: ContinuousClock.Instant
        var nextTry: ContinuousClock.Instant
    }
    private let holds = Mutex<[String: Hold]>([:])
    private let onChange: @Sendable (_ type: String, _ reason: String?) -> Void

    /// - Parameter onChange: called with a new reason, or with nil for a type that is no longer held.
    init(onChange: @escaping @Sendable (_ type: String, _ reason: String?) -> Void = { _, _ in }) { self.onChange = onChange }

    /// The reason of a hold: the first one in alphabetical order, or nil.
    var reason: String? { self.holds.withLock { $0.values.map(\.reason).min() } }

    /// Whether messages of a type return untried. Now and then one batch is tried, to see whether it works again.
    func isHeld(_ type: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.holds.withLock { holds in
            guard let hold = holds[type] else { return false }
            guard hold.nextTry <= now else { return true }
            holds[type]?.nextTry = now + Self.interval
            return false
        }
    }

    /// The time for which a type has been held.
    func heldFor(_ type: String, now: ContinuousClock.Instant = .now) -> Duration { self.holds.withLock { $0[type].map { now - $0.since } ?? .zero } }

    /// Holds a type back.
    func hold(_ type: String, _ reason: String, now: ContinuousClock.Instant = .now) {
        let isNews = self.holds.withLock { holds in
            defer { holds[type] = Hold(reason: reason, since: holds[type]?.since ?? now, nextTry: now + Self.interval) }
            return holds[type]?.reason != reason
        }
        if isNews { self.onChange(type, reason) }
    }

    /// A message of the type was handled.
    func release(_ type: String) {
        let isNews = self.holds.withLock { $0.isEmpty ? false : $0.removeValue(forKey: type) != nil }
        if isNews { self.onChange(type, nil) }
    }
}
