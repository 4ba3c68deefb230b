import FoundationEssentials
import Postgres
import Synchronization

/// From when on the inbox knows every handled message.
///
/// Its weeks are dropped when they are older than `INBOX_RETENTION_DAYS`. Of a message that was sent before that it can no longer be told whether it took
/// effect: to handle it might do so twice, and to drop it might lose it. So a person decides.
public final class Retention: Sendable {
    /// Why such a message is a dead letter, and what a person can do.
    public static let forgotten =
        "older than what the inbox remembers, so it may have taken effect already; look, and send it with dead replay --force, or discard it"

    private struct State {
        /// Milliseconds since 1970.
        var since = Int64.min
        var readAt: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    private static let keptSince: Statement = "select inbox_kept_since()"
    /// No week is dropped before its last message is a day old; nearly all messages are younger, and cost no look.
    private static let leastMilliseconds: Int64 = 86_400_000
    private static let lookAgainAfter = Duration.seconds(60)

    /// Whether a message was sent before what the inbox knows.
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
