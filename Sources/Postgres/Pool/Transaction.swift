import Synchronization

/// A running transaction, for the body of ``PostgresPool/transaction(_:attempts:_:)``.
///
/// `BEGIN` travels with the first query, deferred writes with the next query or with `COMMIT`: a body that queries once and
/// defers its writes costs two round trips in all.
public final class Transaction: Sendable {
    private struct State {
        var deferred: [(call: Call, answer: Deferred?)] = []
        /// Whether `BEGIN` has been sent.
        var hasBegun = false
        /// The reason if the transaction has ended on the server; a statement sent now would commit alone.
        var end: PostgresError?
    }

    private let lease: Lease
    private let mode: TransactionMode
    private let state = Mutex(State())

    init(_ lease: Lease, _ mode: TransactionMode) {
        self.lease = lease
        self.mode = mode
    }

    /// Runs a statement, after all enqueued ones, in one round trip.
    ///
    /// - Throws: the error of the statement that failed, also of an enqueued one; afterwards the transaction can only be rolled back.
    @discardableResult
    public func query(
        _ statement: Statement, _ parameters: any PostgresEncodable..., timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        try await self.run([Call(statement, parameters: parameters)], timeout: timeout)[0]
    }

    /// Runs several statements, after all enqueued ones, in one round trip.
    ///
    /// - Returns: the rows of each, in order, without those of the enqueued statements.
    @discardableResult
    public func pipeline(_ calls: [Call], timeout: Duration? = nil) async throws(PostgresError) -> [Rows] {
        try await self.run(calls, timeout: timeout)
    }

    /// Defers a write: it travels with the next query or with `COMMIT`, which throws its error.
    public func enqueue(_ statement: Statement, _ parameters: any PostgresEncodable...) {
        self.enqueue(Call(statement, parameters: parameters))
    }

    /// Defers a write whose parameters are bound already.
    public func enqueue(_ call: Call) { self.state.withLock { $0.deferred.append((call, nil)) } }

    /// Defers a query: it travels with the next one and costs no round trip of its own.
    public func enqueueQuery(_ statement: Statement, _ parameters: any PostgresEncodable...) -> Deferred {
        let answer = Deferred()
        let call = Call(statement, parameters: parameters)
        self.state.withLock { $0.deferred.append((call, answer)) }
        return answer
    }

    /// Sends the deferred statements.
    public func flush() async throws(PostgresError) { _ = try await self.run([], timeout: nil) }

    /// Sends the deferred statements and `COMMIT`. Sends nothing for an empty transaction.
    func commit() async throws(PostgresError) {
        let (deferred, hasBegun) = try self.takeDeferred()
        if !hasBegun && deferred.isEmpty { return }
        // A pipeline without `BEGIN` is one implicit transaction.
        let isImplicit = !hasBegun && self.mode == .readCommitted
        let begin = hasBegun || isImplicit ? [] : [Call(self.mode.begin)]
        let calls = begin + deferred.map(\.call) + (isImplicit ? [] : [Call("COMMIT")])
        let results = try await self.send(calls, own: calls.count, timeout: nil, commits: true, mayMove: !hasBegun)
        Self.answer(deferred, results.dropFirst(begin.count))
        // `COMMIT` answers ROLLBACK if a statement failed and the body caught its error.
        guard isImplicit || results.last?.storage.tag != "ROLLBACK" else {
            throw PostgresError(.server, "rolled back: a statement of the transaction had failed", sqlState: .inFailedTransaction)
        }
    }

    /// Rolls back, also when the task is cancelled. If that fails, the server rolls back when the connection is closed.
    func rollback() async {
        guard [.open, .failed].contains(self.lease.status) else { return }
        _ = try? await self.lease.run([Call("ROLLBACK")], timeout: .seconds(2), commits: false, mayMove: false, isShielded: true)
    }

    private func run(_ calls: [Call], timeout: Duration?) async throws(PostgresError) -> [Rows] {
        let (deferred, hasBegun) = try self.takeDeferred()
        let begin = hasBegun ? [] : [Call(self.mode.begin)]
        let own = begin.count + deferred.count
        let results = try await self.send(begin + deferred.map(\.call) + calls, own: own, timeout: timeout, commits: false, mayMove: !hasBegun)
        Self.answer(deferred, results.dropFirst(begin.count))
        if self.lease.status != .open {
            self.end(PostgresError(.invalidCall, "a statement of the body has ended the transaction"))
        }
        return Array(results.dropFirst(own))
    }

    private static func answer(_ deferred: [(call: Call, answer: Deferred?)], _ results: ArraySlice<Rows>) {
        for (deferred, rows) in zip(deferred, results) { deferred.answer?.set(rows) }
    }

    private func takeDeferred() throws(PostgresError) -> (deferred: [(call: Call, answer: Deferred?)], hasBegun: Bool) {
        let (state, end) = self.state.withLock { state in
            defer {
                state.deferred = []
                state.hasBegun = true
            }
            return ((state.deferred, state.hasBegun), state.end)
        }
        if let end { throw end }
        return state
    }

    private func end(_ error: PostgresError) { self.state.withLock { $0.end = error } }

    /// - Parameter own: how many of `calls` the transaction itself added; the index of a failed statement does not count them.
    private func send(
        _ calls: [Call], own: Int, timeout: Duration?, commits: Bool, mayMove: Bool
    ) async throws(PostgresError) -> [Rows] {
        do throws(PostgresError) {
            return try await self.lease.run(calls, timeout: timeout, commits: commits, mayMove: mayMove)
        } catch {
            var error = error
            error.statementIndex = error.statementIndex.flatMap { $0 < own ? nil : $0 - own }
            // In a failed transaction the server itself refuses statements.
            if self.lease.status != .failed { self.end(error) }
            throw error
        }
    }
}

/// The rows of a deferred query.
public final class Deferred: Sendable {
    private let answer = Mutex<Rows?>(nil)

    /// nil until a later call has sent the query and succeeded.
    public var rows: Rows? { self.answer.withLock { $0 } }

    func set(_ rows: Rows) { self.answer.withLock { $0 = rows } }
}
