/// The five-character code of a server error (PostgreSQL manual, appendix A). Open: servers and extensions add codes.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Five characters, e.g. `23505`.
    public let rawValue: String

    /// Wraps a code as the server sent it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The first two characters: the class of the condition.
    public var category: Substring { self.rawValue.prefix(2) }

    /// The code itself.
    public var description: String { self.rawValue }
}

extension SQLState {
    /// `0A000`; for prepared statements "cached plan must not change result type" (after DDL).
    public static let featureNotSupported = SQLState(rawValue: "0A000")
    /// `22003`, a number does not fit its type.
    public static let numericValueOutOfRange = SQLState(rawValue: "22003")
    /// `22021`, a byte sequence that the encoding does not have, such as NUL in a text.
    public static let characterNotInRepertoire = SQLState(rawValue: "22021")
    /// `23502`
    public static let notNullViolation = SQLState(rawValue: "23502")
    /// `23503`
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    /// `23505`
    public static let uniqueViolation = SQLState(rawValue: "23505")
    /// `23514`
    public static let checkViolation = SQLState(rawValue: "23514")
    /// `25006`, a write on a standby or in a read-only transaction.
    public static let readOnlyTransaction = SQLState(rawValue: "25006")
    /// `25P02`, an earlier statement of the transaction failed.
    public static let inFailedTransaction = SQLState(rawValue: "25P02")
    /// `26000`, the prepared statement does not exist (any more).
    public static let invalidStatementName = SQLState(rawValue: "26000")
    /// `40001`
    public static let serializationFailure = SQLState(rawValue: "40001")
    /// `40P01`
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    /// `42501`, the role may not do this.
    public static let insufficientPrivilege = SQLState(rawValue: "42501")
    /// `42P01`
    public static let undefinedTable = SQLState(rawValue: "42P01")
    /// `53100`
    public static let diskFull = SQLState(rawValue: "53100")
    /// `53200`, the server has no memory left, or no room for another lock.
    public static let outOfMemory = SQLState(rawValue: "53200")
    /// `53300`
    public static let tooManyConnections = SQLState(rawValue: "53300")
    /// `55P03`, `lock_timeout` passed or `NOWAIT` found a lock.
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    /// `57014`, `statement_timeout` passed or a cancel request came.
    public static let queryCanceled = SQLState(rawValue: "57014")
    /// `57P01`, terminated by an administrator or by a shutdown.
    public static let adminShutdown = SQLState(rawValue: "57P01")
    /// `57P03`, the server is starting up, shutting down or recovering.
    public static let cannotConnectNow = SQLState(rawValue: "57P03")
    /// `57P04`
    public static let databaseDropped = SQLState(rawValue: "57P04")
}

extension SQLState {
    /// Whether a retry may succeed: the server refused the work because of its state, not because of the content.
    ///
    /// Connection (08), rollback by conflict (40), resources (53, disk full too), operator intervention (57) and system errors (58),
    /// a lock that was not free, and a write that met a standby (after a failover the next connection finds the primary).
    /// A cancelled statement (57014) is not retriable: it was too slow or unwanted, and would be again.
    public var isRetriable: Bool {
        switch self {
        case .queryCanceled, .databaseDropped: false
        case .lockNotAvailable, .readOnlyTransaction: true
        default: ["08", "40", "53", "57", "58"].contains(self.category)
        }
    }
}
