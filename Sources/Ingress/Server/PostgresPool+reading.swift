import Conveyor
import Postgres
import Shop

extension PostgresPool {
    /// Runs a read for a request.
    /// - Throws: `Problem` `database_unreachable` if the database gives no answer at the moment; else what went wrong.
    func reading<Value: Sendable>(_ body: (PostgresPool) async throws -> Value) async throws -> Value {
        do {
            return try await body(self)
        } catch let error as PostgresError {
            throw error.problem ?? error
        }
    }
}

extension PostgresError {
    /// The database cannot be reached at all: not that it is too busy, locked or slow to answer, which may be somebody's doing.
    var meansAway: Bool {
        switch self.kind {
        case .unreachable, .connectionLost, .closed: true
        // It said that it ends.
        case .server: self.isConnectionLost
        default: false
        }
    }

    /// What a request is answered with if the database gave no answer that another try may bring; nil if the request, or the code, is wrong.
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
