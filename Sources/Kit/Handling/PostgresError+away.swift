import Postgres

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

    /// Two transactions met, and this one gave way: a serialisation failure, a deadlock, a lock that was not had in time.
    var isConflict: Bool {
        guard let sqlState else { return false }
        return [.serializationFailure, .deadlockDetected, .lockNotAvailable].contains(sqlState)
    }
}
