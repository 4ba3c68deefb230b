/// A failed call to Postgres. Contains no parameter of the call and no password.
///
/// Programs decide by ``isRetriable``, ``isConnectionLost``, ``isCommitUnknown`` and ``sqlState``; the other fields are for people.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Kind: Sendable, Hashable {
        /// The server answered with an error; ``PostgresError/sqlState`` says which.
        case server
        /// No connection could be opened.
        case unreachable
        /// The connection broke during the call.
        case connectionLost
        /// The deadline passed; the client sent a cancel request.
        case timedOut
        /// The calling task was cancelled; the client sent a cancel request.
        case cancelled
        /// No connection of the pool became free in time.
        case poolExhausted
        /// The pool is closed.
        case closed
        /// The URL is not one that libpq understands.
        case invalidURL
        /// A value cannot be decoded as the requested type; ``PostgresError/column`` names the column.
        case undecodable
        /// The call itself is impossible: too many parameters, a NUL in its SQL.
        case invalidCall
    }

    /// The kind of failure.
    public internal(set) var kind: Kind
    /// The server's code, if the server answered.
    public internal(set) var sqlState: SQLState?
    /// One line for people.
    public let message: String
    /// The server's `DETAIL`. It may contain values (`Key (email)=(…) already exists.`), so it is not in ``description`` and must not be logged.
    public internal(set) var detail: String?
    /// The server's `HINT`.
    public internal(set) var hint: String?
    /// The constraint that was violated.
    public internal(set) var constraint: String?
    /// The table that the error is about.
    public internal(set) var table: String?
    /// The column that the error is about, or the one that could not be decoded.
    public internal(set) var column: String?
    /// Index of the failed statement among those of the call (of a pipeline, or of the statements that a transaction sent in one round trip).
    public internal(set) var statementIndex: Int?
    /// The failed statement's SQL, without parameters.
    public internal(set) var statement: Statement?
    /// The connection is gone; the pool replaces it.
    public internal(set) var isConnectionLost: Bool
    /// The connection was lost between sending a commit (or a call outside of a transaction) and its complete answer: it may have taken effect,
    /// whatever error the server sent last.
    public internal(set) var isCommitUnknown = false
    /// False if it is certain that the server never saw the call.
    var wasSent: Bool

    init(_ kind: Kind, _ message: String, sqlState: SQLState? = nil, isConnectionLost: Bool = false, wasSent: Bool = true) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.isConnectionLost = isConnectionLost
        self.wasSent = wasSent
    }

    /// Whether a retry may succeed. With ``isCommitUnknown``, retry only work that is idempotent.
    public var isRetriable: Bool {
        switch self.kind {
        case .server: self.isConnectionLost || self.isPlanStale || self.sqlState?.isRetriable ?? false
        case .unreachable, .connectionLost, .poolExhausted: true
        case .timedOut: self.isConnectionLost
        case .cancelled, .closed, .invalidURL, .undecodable, .invalidCall: false
        }
    }

    /// Whether the prepared statement no longer fits the schema, since DDL came between.
    var isPlanStale: Bool {
        switch self.sqlState {
        case .invalidStatementName: true
        case .featureNotSupported: self.message == "cached plan must not change result type"
        default: false
        }
    }

    /// Kind, code and message, for logs: never ``detail``, which may hold values.
    public var description: String {
        var text = "\(self.kind)"
        if let sqlState { text += " \(sqlState)" }
        text += ": \(self.message)"
        if let constraint { text += " (constraint \(constraint))" }
        if self.isCommitUnknown { text += " (commit unknown)" }
        return text
    }
}
