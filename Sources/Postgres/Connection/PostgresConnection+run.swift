import EventThread

extension PostgresConnection {
    /// Runs `calls` in one round trip.
    ///
    /// - Parameter commits: whether the calls take effect once they succeed, so that a loss half-way leaves it unknown whether they did.
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
            // DDL came between. All of the calls has been rolled back, or is now, so they can be sent again.
            if self.handle?.transactionStatus() != .idle { _ = try await self.exchange([Call("ROLLBACK")]) }
            return try await self.exchange(calls)
        }
    }

    /// Runs several statements in one text, by the simple protocol, in the transaction that is open.
    func runScript(_ sql: String, watch: CallWatch) async -> Result<Void, PostgresError> {
        await self.perform(watch, commits: false) { () async throws(PostgresError) in try await self.exchangeScript(sql) }
    }

    /// What every call has around it: a look before sending, the deadline and the cancellation, and a connection that is usable
    /// afterwards or lost. One call at a time: a connection is lent to one caller.
    private func perform<R: Sendable>(
        _ watch: CallWatch, commits: Bool, _ body: () async throws(PostgresError) -> R
    ) async -> Result<R, PostgresError> {
        guard self.watch == nil else { return .failure(PostgresError(.invalidCall, "another call is under way on this connection", wasSent: false)) }
        if watch.control.isCancelled { return .failure(PostgresError(.cancelled, "cancelled before it was sent", wasSent: false)) }
        // A server that went away since this thread's last turn: nothing is sent, so the call can go to another connection.
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
            // From here on the socket is watched for what the server says unasked.
            self.eventSource.wake()
        }
        guard case .failure(var error) = result else { return result }
        if let reason = self.watch?.stopReason, error.sqlState == .queryCanceled || error.kind == .connectionLost { error.kind = reason }
        // After a failover: the next connection looks for the new primary.
        let isStandby = self.settings.wantsPrimary && error.sqlState == .readOnlyTransaction
        if error.isConnectionLost || isStandby { self.lose() }
        // Also if the server said why it went: it may say so between the commit and its answer.
        error.isCommitUnknown = commits && error.isConnectionLost && error.wasSent
        return .failure(error)
    }

    /// After a cancel request, waits until it can no longer hit a later call; else the connection is given up.
    private func settleCancellation() async {
        while let watch = self.watch, watch.stopReason != nil, self.handle != nil, !watch.control.isCancelAnswered {
            guard let remaining = watch.remaining, remaining > .zero else { return self.lose() }
            _ = await self.wait(for: [])
        }
    }

    /// Waits until the server says something or, with `writable`, takes more. Asks it to stop when the task is cancelled or the deadline
    /// passes; throws when it does not react to that either.
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
