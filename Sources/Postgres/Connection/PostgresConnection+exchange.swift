extension PostgresConnection {
    /// One message of the pipeline whose answer is due.
    private struct Step {
        /// Index of the call that the message belongs to.
        let call: Int
        let key: PreparedKey?
        /// The name of the statement to prepare; nil for an execution.
        var preparing: String?
    }

    /// Statements beyond this limit are not prepared: SQL made at run time would fill the server's memory.
    private static let preparedLimit = 1_000

    /// One pipeline: prepares new statements, sends everything, and reads all results up to the sync.
    ///
    /// After an error the connection is usable again: the server skips the rest of the pipeline up to the sync.
    func exchange(_ calls: [Call]) async throws(PostgresError) -> [Rows] {
        let steps = try self.send(calls)
        var results: [Rows] = []
        results.reserveCapacity(calls.count)
        var failure: PostgresError?
        do throws(PostgresError) {
            for step in steps {
                guard let result = try await self.receive() else { throw .outOfStep }
                do throws(PostgresError) {
                    if let rows = try self.take(result, of: step) { results.append(rows) }
                } catch {
                    var error = error
                    error.statementIndex = step.call
                    error.statement = calls[step.call].statement
                    if error.isConnectionLost { throw error }
                    failure = failure ?? error
                }
                // NULL ends the results of a statement.
                guard try await self.receive() == nil else { throw .outOfStep }
            }
            if let error = try await self.receiveSync() { failure = failure ?? error }
        } catch {
            // The server's last error explains more than the loss of the connection.
            guard var failure else { throw error }
            failure.isConnectionLost = true
            throw failure
        }
        if let failure { throw failure }
        return results
    }

    private func send(_ calls: [Call]) throws(PostgresError) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(calls.count)
        var new: [PreparedKey: String] = [:]
        for (index, call) in calls.enumerated() {
            guard call.parameters.types.count <= UInt16.max else { throw PostgresError(.invalidCall, "more than 65,535 parameters") }
            guard call.statement.isPrepared && self.prepared.count + new.count < Self.preparedLimit else {
                guard self.handle?.sendOnce(sql: call.statement.sql, call.parameters) == true else { throw self.lost() }
                steps.append(Step(call: index, key: nil))
                continue
            }
            let key = PreparedKey(call)
            let name: String
            if let known = self.prepared[key]?.name ?? new[key] {
                name = known
            } else {
                name = self.newName(for: call.statement)
                new[key] = name
                guard self.handle?.sendPrepare(name: name, sql: call.statement.sql, types: key.types) == true else { throw self.lost() }
                steps.append(Step(call: index, key: key, preparing: name))
            }
            guard self.handle?.sendPrepared(name: name, call.parameters) == true else { throw self.lost() }
            steps.append(Step(call: index, key: key))
        }
        guard self.handle?.sendSync() == true else { throw self.lost() }
        return steps
    }

    /// The same statement has the same name in every process. It gets a second name only for other parameter types or after DDL.
    private func newName(for statement: Statement) -> String {
        let name = "c_" + String(statement.fingerprint, radix: 16)
        if self.names.insert(name).inserted { return name }
        let next = "\(name)_\(self.names.count)"
        self.names.insert(next)
        return next
    }

    /// The rows of a statement; nil if it was only prepared, or skipped after an earlier error.
    private func take(_ result: consuming ResultHandle, of step: Step) throws(PostgresError) -> Rows? {
        switch result.status() {
        case .aborted: return nil
        case .failed:
            let error = result.error()
            if let key = step.key, error.isPlanStale { self.prepared[key] = nil }
            throw error
        case .synced, .unexpected: throw .outOfStep
        case .rows, .done: break
        }
        if let name = step.preparing, let key = step.key {
            self.prepared[key] = PreparedStatement(name: name)
            return nil
        }
        guard let key = step.key else { return try result.rows(columns: result.columns()) }
        if let columns = self.prepared[key]?.columns { return try result.rows(columns: columns) }
        let columns = result.columns()
        self.prepared[key]?.columns = columns
        return try result.rows(columns: columns)
    }

    /// The end of the pipeline commits its implicit transaction; that may fail too (a deferred constraint).
    private func receiveSync() async throws(PostgresError) -> PostgresError? {
        var failure: PostgresError?
        for _ in 0..<4 {
            guard let result = try await self.receive() else { continue }
            switch result.status() {
            case .synced: return failure
            case .failed:
                failure = result.error()
                if let failure, failure.isConnectionLost { throw failure }
            default: throw .outOfStep
            }
        }
        throw .outOfStep
    }

    /// Several statements in one text, by the simple protocol: pipeline mode does not allow it.
    func exchangeScript(_ sql: String) async throws(PostgresError) {
        guard self.handle?.setPipelineMode(false) == true, self.handle?.sendScript(sql) == true else { throw self.lost() }
        var failure: PostgresError?
        while let result = try await self.receive() {
            switch result.status() {
            case .failed:
                let error = result.error()
                if error.isConnectionLost { throw error }
                failure = failure ?? error
            case .rows, .done: break
            default: throw .outOfStep
            }
        }
        guard self.handle?.setPipelineMode(true) == true else { throw self.lost() }
        if let failure { throw failure }
    }

    /// The next result; nil after the last result of a statement. Also sends queued bytes: otherwise both sides could wait with full
    /// buffers.
    private func receive() async throws(PostgresError) -> ResultHandle? {
        while true {
            guard let isUnsent = self.handle?.flush() else { throw self.lost() }
            if self.handle?.isBusy() == false { return self.handle?.nextResult() }
            try await self.waitForServer(writable: isUnsent)
            guard self.handle?.consumeInput() == true else { throw self.lost() }
        }
    }

    /// The error of a lost connection, with the server's last message if there is one.
    private func lost() -> PostgresError {
        if let result = self.handle?.nextResult(), result.status() == .failed { return result.error() }
        let message = self.handle?.errorMessage() ?? ""
        return PostgresError(.connectionLost, message.isEmpty ? "the connection is closed" : message.oneLine, isConnectionLost: true)
    }
}

extension PostgresError {
    /// An unexpected answer, such as that of COPY.
    fileprivate static var outOfStep: PostgresError {
        PostgresError(.connectionLost, "the server answered what a pipeline cannot hold (COPY?)", isConnectionLost: true)
    }
}
