import Conveyor
import FoundationEssentials
import Identity
import Postgres
import Shop

/// The families of refresh tokens, as recorded by the accounts worker.
struct Sessions: Sendable {
    let pool: PostgresPool

    /// The state of a refresh token.
    enum Standing: Sendable, Equatable {
        /// It is the newest; its successor gets this counter.
        case current(next: Int)
        /// It was exchanged before: either it or its successor was stolen.
        case used
        /// Its session has ended.
        case ended
    }

    private static let find: Statement = """
        select counter, ended_at is not null from sessions where id = $1
        """

    /// The state of a session's refresh token.
    func standing(of session: Tokens.Session) async throws(PostgresError) -> Standing {
        let (next, overflow) = session.counter.addingReportingOverflow(1)
        guard let id = session.id, !overflow, next <= Int(Int32.max) else { return .ended }
        let known = try await self.pool.query(Self.find, id).decode((Int32, Bool).self).first
        // Unknown, or behind: no refresh yet, or the worker has not recorded it.
        guard let (counter, isEnded) = known else { return .current(next: next) }
        if isEnded { return .ended }
        return session.counter >= Int(counter) ? .current(next: next) : .used
    }
}
