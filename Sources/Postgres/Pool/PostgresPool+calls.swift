extension PostgresPool {
    /// Runs one statement: autocommit, one round trip.
    ///
    /// - Parameter timeout: for the whole call; nil for the pool's.
    /// - Throws: the server's error, or `unreachable`, `poolExhausted`, `connectionLost`, `timedOut`, `cancelled`.
    @discardableResult
    public func query(
        _ statement: Statement, _ parameters: any PostgresEncodable..., timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        try await self.pipeline([Call(statement, parameters: parameters)], timeout: timeout)[0]
    }

    /// Runs several statements in one round trip and one implicit transaction: all take effect or none.
    ///
    /// - Returns: the rows of each statement, in order.
    /// - Throws: the error of the statement that failed, with its index.
    @discardableResult
    public func pipeline(_ calls: [Call], timeout: Duration? = nil) async throws(PostgresError) -> [Rows] {
        let lease = try await Lease(self)
        defer { lease.end() }
        return try await lease.run(calls, timeout: timeout, commits: true, mayMove: true)
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// - Parameters:
    ///   - attempts: how often to run `body` at most, if it fails with 40001 or 40P01; more than once only for a body without other effects.
    ///   - body: runs its queries through the transaction that it receives.
    /// - Throws: what `body` throws, or ``PostgresError`` from the commit.
    @discardableResult
    public nonisolated(nonsending) func transaction<R>(
        _ mode: TransactionMode = .readCommitted, attempts: Int = 1, _ body: nonisolated(nonsending) (Transaction) async throws -> R
    ) async throws -> R {
        let lease = try await Lease(self)
        defer { lease.end() }
        var attempt = 1
        while true {
            let transaction = Transaction(lease, mode)
            do {
                let result = try await body(transaction)
                try await transaction.commit()
                return result
            } catch {
                await transaction.rollback()
                guard attempt < attempts, let error = error as? PostgresError, error.isConflict else { throw error }
                attempt += 1
                try await Task.sleep(for: .milliseconds(5 * attempt) * Double.random(in: 0.5...1))
            }
        }
    }

    /// Lends a connection to `body`, which may need one session: advisory locks, scripts, a transaction begun by hand.
    ///
    /// A transaction that `body` leaves open is rolled back with the connection.
    public nonisolated(nonsending) func withConnection<R>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> R
    ) async throws -> R {
        let connection = try await self.acquire()
        defer { self.release(connection) }
        return try await body(connection)
    }
}

extension PostgresError {
    /// Whether the server rolled the transaction back because of a conflict with another one.
    fileprivate var isConflict: Bool { self.sqlState == .serializationFailure || self.sqlState == .deadlockDetected }
}
