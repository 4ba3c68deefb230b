/// One connection to a server, lent by ``PostgresPool/withConnection(_:)``.
public actor PostgresConnection {
    /// Runs one statement: autocommit, one round trip.
    @discardableResult
    public nonisolated func query(
        _ statement: Statement, _ parameters: any PostgresEncodable..., timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        fatalError("unfinished")
    }

    /// Runs several statements in one round trip and one implicit transaction.
    @discardableResult
    public nonisolated func pipeline(_ calls: [Call], timeout: Duration? = nil) async throws(PostgresError) -> [Rows] {
        fatalError("unfinished")
    }
}
