import Conveyor
import FoundationEssentials
import Identity
import Postgres
import Shop

/// The families of refresh tokens, as the accounts worker has written them down.
struct Sessions: Sendable {
    let pool: PostgresPool

    /// What a refresh token is worth.
    enum Standing: Sendable, Equatable {
        /// It is the newest: its successor has this counter.
        case current(next: Int)
        /// It was traded in before: it was stolen, or its successor was.
        case used
        /// Its session was ended.
        case ended
    }

    private static let find: Statement = """
        select counter, ended_at is not null from sessions where id = $1
        """

    /// What the refresh token of a session is worth.
    func standing(of session: Tokens.Session) async throws(PostgresError) -> Standing {
        let (next, overflow) = session.counter.addingReportingOverflow(1)
        guard let id = session.id, !overflow, next <= Int(Int32.max) else { return .ended }
        let known = try await self.pool.query(Self.find, id).decode((Int32, Bool).self).first
        // Unknown or behind: nothing was renewed yet, or the worker has not come to it.
        guard let (counter, isEnded) = known else { return .current(next: next) }
        if isEnded { return .ended }
        return session.counter >= Int(counter) ? .current(next: next) : .used
    }
}
