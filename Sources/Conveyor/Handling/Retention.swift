import FoundationEssentials
import Postgres
import Synchronization

/// The time since which the inbox knows every handled message.
///
/// Weeks older than `INBOX_RETENTION_DAYS` are dropped. Of a message sent before, it is unknown whether it took effect: handling it could do so
/// twice, and dropping it could lose it. So a person decides.
public final class Retention: Sendable {
    /// The error of such a dead letter, with the operator's choices.
    public static let forgotten =
        "older than what the inbox remembers, so it may have taken effect already; look, and send it with dead replay --force, or discard it"

    private struct State {
        /// Milliseconds since 1970.
        var since = Int64.min
        var readAt: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    private static let keptSince: Statement = "select inbox_kept_since()"
    /// A week is dropped at the earliest when its last message is a day old. Nearly all messages are younger, and need no look-up.
    private static let leastMilliseconds: Int64 = 86_400_000
    private static let lookAgainAfter = Duration.seconds(60)

    /// Whether a message was sent before the oldest week of the inbox.
    /// - Parameter sentAt: milliseconds since 1970.
    func isForgotten(_ sentAt: Int64, in pool: PostgresPool) async throws(PostgresError) -> Bool {
        guard sentAt < Clock.milliseconds() - Self.leastMilliseconds else { return false }
        let now = ContinuousClock.now
        let known = self.state.withLock { $0 }
        if let readAt = known.readAt, now < readAt + Self.lookAgainAfter { return sentAt < known.since }
        let since = try await pool.query(Self.keptSince)[0][0, as: Date?.self].map { Clock.milliseconds($0) } ?? .min
        self.state.withLock { $0 = State(since: since, readAt: now) }
        return sentAt < since
    }
}
