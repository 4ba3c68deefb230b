/// A transaction under way, for the body of ``PostgresPool/transaction(_:attempts:_:)``.
///
/// `BEGIN` travels with the first query, deferred writes with the next query or with `COMMIT`: a body that queries once and
/// defers its writes costs two round trips in all.
public final class Transaction: Sendable {
    /// Runs a statement, after all that was enqueued before it, in one round trip.
    ///
    /// - Throws: the error of whichever statement failed; after it the transaction can only be rolled back.
    @discardableResult
    public func query(_ statement: Statement, _ parameters: any PostgresEncodable...) async throws(PostgresError) -> Rows {
        fatalError("unfinished")
    }

    /// Runs several statements, after all that was enqueued before them, in one round trip.
    @discardableResult
    public func pipeline(_ calls: [Call]) async throws(PostgresError) -> [Rows] {
        fatalError("unfinished")
    }

    /// Defers a write: it is sent with the next query or with `COMMIT`, and its error comes from there.
    public func enqueue(_ statement: Statement, _ parameters: any PostgresEncodable...) {
        fatalError("unfinished")
    }
}
