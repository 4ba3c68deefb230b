import Postgres

/// The meaning of a database error for messages: a fault of the database is not a fault of the message.
extension PostgresError {
    /// The database is unreachable, or cannot write: a reason to wait, not an attempt.
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

    /// A smaller transaction may succeed: the lock table, or the server's memory, is full (53200).
    var isTooLarge: Bool { self.sqlState == .outOfMemory }

    /// The schema differs from the worker's: a table, a column or a right is missing (class 42), or a schema (3F000).
    var isMisfit: Bool { self.sqlState.map { ["42", "3F"].contains($0.category) } ?? false }

    /// Transaction conflict: a serialisation failure or a deadlock.
    var isConflict: Bool { self.sqlState == .serializationFailure || self.sqlState == .deadlockDetected }

    /// It was delayed too long: by a lock, a slow disk, a server that did not answer in time, or a system error of the server (class 58).
    var isHeldUp: Bool {
        if self.kind == .timedOut || self.kind == .cancelled { return true }
        return self.sqlState.map { $0 == .queryCanceled || $0 == .lockNotAvailable || $0.category == "58" } ?? false
    }
}
