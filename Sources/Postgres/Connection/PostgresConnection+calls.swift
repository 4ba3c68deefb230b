extension PostgresConnection {
    /// Runs one statement in one round trip; outside of a transaction it is its own transaction.
    @discardableResult
    public nonisolated func query(
        _ statement: Statement, _ parameters: any PostgresEncodable..., timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        try await self.call([Call(statement, parameters: parameters)], timeout: timeout, commits: true)[0]
    }

    /// Runs several statements in one round trip; outside of a transaction they form one implicit transaction.
    @discardableResult
    public nonisolated func pipeline(_ calls: [Call], timeout: Duration? = nil) async throws(PostgresError) -> [Rows] {
        try await self.call(calls, timeout: timeout, commits: true)
    }

    /// Runs a text of several statements without parameters, such as a migration, by the simple protocol and without a deadline.
    public nonisolated func script(_ sql: String) async throws(PostgresError) {
        let control = CallControl()
        try await self.cancellable(control) { await self.runScript(sql, watch: CallWatch(control: control, timeout: nil)) }
    }

    /// - Parameters:
    ///   - timeout: nil for the pool's.
    ///   - isShielded: whether the call ignores the task's cancellation, as cleaning up after one must.
    nonisolated func call(
        _ calls: [Call], timeout: Duration?, commits: Bool, isShielded: Bool = false
    ) async throws(PostgresError) -> [Rows] {
        let control = CallControl()
        let watch = CallWatch(control: control, timeout: timeout ?? self.defaultTimeout)
        if isShielded { return try await self.run(calls, watch: watch, commits: commits).get() }
        return try await self.cancellable(control) { await self.run(calls, watch: watch, commits: commits) }
    }

    private nonisolated func cancellable<R: Sendable>(
        _ control: CallControl, _ body: () async -> Result<R, PostgresError>
    ) async throws(PostgresError) -> R {
        let result = await withTaskCancellationHandler(operation: body) {
            control.cancel()
            self.interrupt.signal()
        }
        return try result.get()
    }
}
