import FoundationEssentials
import Identity
import Kit
import Postgres
import Shop

/// The families of refresh tokens, as the accounts worker has written them down.
struct Sessions: Sendable {
    let pool: PostgresPool

    /// What a refresh token is worth.
    enum Standing: Sendable, Equatable {
        /// It is the newest: its successor has this counter.
        case current(next: Int)
        /// It was traded in a moment ago: two windows of one browser, or an answer that was lost. The newest has this counter.
        case justUsed(newest: Int)
        /// It was traded in before: it was stolen, or its successor was.
        case used
        /// Its session was ended.
        case ended
    }

    private static let find: Statement = """
        select counter, renewed_at > now() - make_interval(secs => $2), ended_at is not null from sessions where id = $1
        """

    /// How long a refresh token may come again, in seconds.
    private static let grace = 3.0

    /// What the refresh token of a session is worth.
    func standing(of session: Tokens.Session) async throws(PostgresError) -> Standing {
        let (next, overflow) = session.counter.addingReportingOverflow(1)
        guard let id = session.id, !overflow, next <= Int(Int32.max) else { return .ended }
        let known = try await self.pool.query(Self.find, id, Self.grace).decode((Int32, Bool, Bool).self).first
        // Unknown or behind: nothing was renewed yet, or the worker has not come to it.
        guard let (counter, isRecent, isEnded) = known else { return .current(next: next) }
        if isEnded { return .ended }
        if session.counter >= Int(counter) { return .current(next: next) }
        return session.counter == Int(counter) - 1 && isRecent ? .justUsed(newest: Int(counter)) : .used
    }
}
