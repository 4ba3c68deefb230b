import EventThread

extension PostgresConnection {
    /// Runs `calls` in one round trip.
    ///
    /// - Parameter commits: whether the calls take effect when they succeed, so that a loss half-way leaves the outcome unknown.
    func run(_ calls: [Call], watch: CallWatch, commits: Bool) async -> Result<[Rows], PostgresError> {
        await self.perform(watch, commits: commits) { () async throws(PostgresError) in
            let isWhole = self.handle?.transactionStatus() == .idle
            let failure: PostgresError
            do throws(PostgresError) {
                return try await self.exchange(calls)
            } catch {
                failure = error
            }
            guard failure.isPlanStale && isWhole && !failure.isConnectionLost else { throw failure }
            // DDL came between. The calls have been rolled back, or are now, so they can be sent again.
            if self.handle?.transactionStatus() != .idle { _ = try await self.exchange([Call("ROLLBACK")]) }
            return try await self.exchange(calls)
        }
    }

    /// Runs several statements in one text, by the simple protocol, in the open transaction.
    func runScript(_ sql: String, watch: CallWatch) async -> Result<Void, PostgresError> {
        await self.perform(watch, commits: false) { () async throws(PostgresError) in try await self.exchangeScript(sql) }
    }

    /// Wraps every call: checks the connection before sending, watches the deadline and the cancellation, and leaves a connection that is
    /// either usable or lost. One call at a time: the pool lends a connection to one caller.
    private func perform<R: Sendable>(
        _ watch: CallWatch, commits: Bool, _ body: () async throws(PostgresError) -> R
    ) async -> Result<R, PostgresError> {
        guard self.watch == nil else { return .failure(PostgresError(.invalidCall, "another call is under way on this connection", wasSent: false)) }
        if watch.control.isCancelled { return .failure(PostgresError(.cancelled, "cancelled before it was sent", wasSent: false)) }
        // If the server closed the connection since the last turn, nothing has been sent, and the call can use another connection.
        let isSilent = Readiness.poll(self.descriptor, for: .readable, timeout: .zero).isEmpty
        if self.handle != nil && !isSilent && !self.takeUnasked() { self.lose() }
        guard self.handle != nil else {
            return .failure(PostgresError(.connectionLost, "the connection is closed", isConnectionLost: true, wasSent: false))
        }
        self.watch = watch
        let result: Result<R, PostgresError>
        do throws(PostgresError) {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await self.settleCancellation()
        defer {
            self.watch = nil
            self.publishStatus()
            // From here on the thread watches the socket for unsolicited messages.
            self.eventSource.wake()
        }
        guard case .failure(var error) = result else { return result }
        if let reason = self.watch?.stopReason, error.sqlState == .queryCanceled || error.kind == .connectionLost { error.kind = reason }
        // After a failover: the next connection looks for the new primary.
        let isStandby = self.settings.wantsPrimary && error.sqlState == .readOnlyTransaction
        if error.isConnectionLost || isStandby { self.lose() }
        // Even if the server gave a reason: it may fail between the commit and its answer.
        error.isCommitUnknown = commits && error.isConnectionLost && error.wasSent
        return .failure(error)
    }

    /// After a cancel request, waits until it cannot hit a later call; if it takes too long, the connection is given up.
    private func settleCancellation() async {
        while let watch = self.watch, watch.stopReason != nil, self.handle != nil, !watch.control.isCancelAnswered {
            guard let remaining = watch.remaining, remaining > .zero else { return self.lose() }
            _ = await self.wait(for: [])
        }
    }

    /// Waits until the server sends something or, with `writable`, takes more bytes. Sends a cancel request when the task is cancelled or
    /// the deadline passes; throws when the server does not react to that either.
    func waitForServer(writable: Bool) async throws(PostgresError) {
        while true {
            if let remaining = self.watch?.remaining, remaining <= .zero {
                guard self.watch?.stopReason == nil else {
                    throw PostgresError(.connectionLost, "the server did not answer in time", isConnectionLost: true)
                }
                self.stop(.timedOut)
            } else if self.watch?.stopReason == nil && self.watch?.control.isCancelled == true {
                self.stop(.cancelled)
            } else if await !self.wait(for: writable ? [.readable, .writable] : .readable).isEmpty {
                return
            }
        }
    }

    /// - Returns: empty after an interrupt or the deadline.
    private func wait(for events: Readiness) async -> Readiness {
        await withCheckedContinuation { continuation in
            self.waiter = ServerWaiter(events: events, deadline: self.watch?.deadline, continuation: continuation)
            self.eventSource.wake()
        }
    }

    private func stop(_ reason: PostgresError.Kind) {
        self.watch?.stop(reason)
        guard let cancelHandle, let control = self.watch?.control else { return }
        CancelRequest.send(cancelHandle, for: control, interrupt: self.interrupt)
    }
}
