import EventThread

extension PostgresConnection {
    /// Runs `calls` in one round trip; this thread waits for the results.
    ///
    /// - Parameter commits: whether the calls take effect once they succeed, so that a loss half-way leaves it unknown whether they did.
    func run(_ calls: [Call], watch: CallWatch, commits: Bool) -> Result<[Rows], PostgresError> {
        self.perform(watch, commits: commits) { () throws(PostgresError) in
            let isWhole = self.handle?.transactionStatus() == .idle
            do throws(PostgresError) {
                return try self.exchange(calls)
            } catch {
                guard error.isPlanStale && isWhole && !error.isConnectionLost else { throw error }
                // DDL came between. All of the calls has been rolled back, or is now, so they can be sent again.
                if self.handle?.transactionStatus() != .idle { _ = try self.exchange([Call("ROLLBACK")]) }
                return try self.exchange(calls)
            }
        }
    }

    /// Runs several statements in one text, by the simple protocol, in the transaction that is open.
    func runScript(_ sql: String, watch: CallWatch) -> Result<Void, PostgresError> {
        self.perform(watch, commits: false) { () throws(PostgresError) in try self.exchangeScript(sql) }
    }

    /// What every call has around it: a look before sending, the deadline and the cancellation, and a connection that is usable
    /// afterwards or lost.
    private func perform<R>(
        _ watch: CallWatch, commits: Bool, _ body: () throws(PostgresError) -> R
    ) -> Result<R, PostgresError> {
        if watch.control.isCancelled { return .failure(PostgresError(.cancelled, "cancelled before it was sent", wasSent: false)) }
        // A server that went away since this thread's last turn: nothing is sent, so the call can go to another connection.
        let isSilent = Readiness.poll(self.descriptor, for: .readable, timeout: .zero).isEmpty
        if self.handle != nil && !isSilent && !self.takeUnasked() { self.lose() }
        guard self.handle != nil else {
            return .failure(PostgresError(.connectionLost, "the connection is closed", isConnectionLost: true, wasSent: false))
        }
        self.watch = watch
        defer {
            self.watch = nil
            self.publishStatus()
        }
        do throws(PostgresError) {
            let result = try body()
            self.settleCancellation()
            return .success(result)
        } catch {
            self.settleCancellation()
            var error = error
            if let reason = self.watch?.stopReason, error.sqlState == .queryCanceled || error.kind == .connectionLost { error.kind = reason }
            // After a failover: the next connection looks for the new primary.
            let isStandby = self.settings.wantsPrimary && error.sqlState == .readOnlyTransaction
            if error.isConnectionLost || isStandby { self.lose() }
            // An error of the server came instead of a result, so what it answers has not taken effect.
            error.isCommitUnknown = commits && error.isConnectionLost && error.sqlState == nil
            return .failure(error)
        }
    }

    /// After a cancel request, waits until it can no longer hit a later call; else the connection is given up.
    private func settleCancellation() {
        guard let watch = self.watch, watch.stopReason != nil, self.handle != nil else { return }
        while true {
            self.interrupt.drain()
            if watch.control.isCancelAnswered { return }
            guard let remaining = watch.remaining, remaining > .zero else { return self.lose() }
            _ = Readiness.poll(-1, for: [], or: self.interrupt.descriptor, timeout: remaining)
        }
    }

    /// Sleeps until the server says something or, with `writable`, takes more. Asks it to stop when the task is cancelled or the deadline
    /// passes; throws when it does not react to that either.
    func waitForServer(writable: Bool) throws(PostgresError) {
        while true {
            let remaining = self.watch?.remaining
            if let remaining, remaining <= .zero {
                guard self.watch?.stopReason == nil else {
                    throw PostgresError(.connectionLost, "the server did not answer in time", isConnectionLost: true)
                }
                self.stop(.timedOut)
            } else if self.watch?.stopReason == nil && self.watch?.control.isCancelled == true {
                self.stop(.cancelled)
            } else {
                let events: Readiness = writable ? [.readable, .writable] : .readable
                let ready = Readiness.poll(self.descriptor, for: events, or: self.interrupt.descriptor, timeout: remaining)
                if !ready.isEmpty { return }
                self.interrupt.drain()
            }
        }
    }

    private func stop(_ reason: PostgresError.Kind) {
        self.watch?.stop(reason)
        guard let cancelHandle, let control = self.watch?.control else { return }
        CancelRequest.send(cancelHandle, for: control, interrupt: self.interrupt)
    }
}
