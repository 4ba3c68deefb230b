import Postgres

/// Whose fault an error of the database is: never the message's, as long as what it says is about the database.
extension PostgresError {
    /// The database is not there, or cannot write for anybody: no attempt of a message's, only a reason to wait.
    var isAway: Bool {
        if self.isConnectionLost { return true }
        switch self.kind {
        case .unreachable, .poolExhausted: return true
        case .server:
            guard let sqlState else { return false }
            // Too few resources (disk full, too many connections), or a standby that is not promoted yet.
            return sqlState.category == "53" || sqlState == .cannotConnectNow || sqlState == .adminShutdown || sqlState == .readOnlyTransaction
        default: return false
        }
    }

    /// A smaller transaction may have room: a table of locks that is full says so (53200), and so does a server without memory.
    var isTooLarge: Bool { self.sqlState == .outOfMemory }

    /// The database is not the one that the worker was built for: a table, a column or a right is missing (class 42), or a schema (3F000).
    var isMisfit: Bool { self.sqlState.map { ["42", "3F"].contains($0.category) } ?? false }

    /// Two transactions met, and this one gave way: a serialisation failure or a deadlock.
    var isConflict: Bool { self.sqlState == .serializationFailure || self.sqlState == .deadlockDetected }

    /// It was held up too long: by a lock, a slow disk, a server that did not answer in time, or an error of the server's own system (class 58).
    var isHeldUp: Bool {
        if self.kind == .timedOut || self.kind == .cancelled { return true }
        return self.sqlState.map { $0 == .queryCanceled || $0 == .lockNotAvailable || $0.category == "58" } ?? false
    }
}
