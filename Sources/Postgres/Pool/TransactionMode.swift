/// The mode in which a transaction begins.
public struct TransactionMode: Sendable, Hashable {
    let begin: Statement

    /// Read committed, the server's default.
    public static let readCommitted = TransactionMode(begin: "BEGIN")
    /// One snapshot for all statements, and no writes.
    public static let snapshot = TransactionMode(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    /// One snapshot; a concurrent write of the same row is a 40001.
    public static let repeatableRead = TransactionMode(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ")
    /// Serializable isolation; a conflict is a 40001.
    public static let serializable = TransactionMode(begin: "BEGIN ISOLATION LEVEL SERIALIZABLE")
}
