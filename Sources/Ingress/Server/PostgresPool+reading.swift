import Conveyor
import Postgres
import Shop

extension PostgresPool {
    /// Runs a database read for a request.
    /// - Throws: `Problem` `database_unreachable` if the database does not answer now; else the original error.
    func reading<Value: Sendable>(_ body: (PostgresPool) async throws -> Value) async throws -> Value {
        do {
            return try await body(self)
        } catch let error as PostgresError {
            throw error.problem ?? error
        }
    }
}

extension PostgresError {
    /// The database is unreachable, as opposed to busy, locked or slow, which a client may have caused.
    var meansAway: Bool {
        switch self.kind {
        case .unreachable, .connectionLost, .closed: true
        // The server reported its shutdown.
        case .server: self.isConnectionLost
        default: false
        }
    }

    /// The problem for a failure that a retry may cure; nil if the request or the code is at fault.
    var problem: Problem? {
        switch self.kind {
        case .unreachable, .connectionLost, .closed: Problem(.databaseUnreachable, "The database cannot be reached; try again.")
        case .poolExhausted, .timedOut: Problem(.databaseUnreachable, "The database did not answer in time; try again.")
        case .server where self.isConnectionLost || self.isRetriable || self.sqlState == .queryCanceled:
            Problem(.databaseUnreachable, "The database did not answer in time; try again.")
        default: nil
        }
    }
}
