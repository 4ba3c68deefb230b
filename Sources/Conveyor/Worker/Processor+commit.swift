import Logging
import Postgres
import RabbitMQ

extension Processor {
    /// One transaction for all of them, within the handler's time limit.
    func commit(_ items: [Item], by handler: AnyHandler) async throws -> Committed {
        let started = ContinuousClock.now
        let handledAt = Clock.milliseconds()
        let (rows, known) = try await self.step(.transaction, of: items) {
            try await withTimeLimit(handler.policy.timeLimit) { try await self.write(items, by: handler, started: started, handledAt: handledAt) }
        }
        for item in items {
            if let known = known[item.envelope.messageID], known.fingerprint != item.envelope.fingerprint {
                self.logger.notice(
                    "an idempotency key was used with different bodies; the first one counts", metadata: ["message_id": "\(item.envelope.messageID)"])
            }
        }
        return Committed(items: items, rows: rows, known: known, handledAt: handledAt, took: ContinuousClock.now - started)
    }

    /// Publishes the emitted messages and returns when the broker has confirmed them. If a queue stays full, its message returns through a retry
    /// queue together with the one that emitted it, which is then only published again.
    func publish(_ committed: Committed, _ run: Run) async throws(Abandoned) {
        do {
            try await self.step(.publish, of: committed.items) { try await self.outbox.publish(committed, run) }
        } catch is Overdue {
            try await self.giveBack(committed.items.map(\.delivery), after: .seconds(10), run)
        } catch {
            throw Abandoned()
        }
        self.report(committed)
        if self.tracer != nil { self.end(committed.items, committed.rows) }
    }

    /// The content of a batch's transaction: the handler's effects, and a row for each message that was not handled before.
    ///
    /// First deliveries are assumed to be new, and the handler's first round trip verifies that. If the assumption was wrong, or an error came before
    /// it was verified, the batch is repeated and verified first.
    private func write(
        _ items: [Item], by handler: AnyHandler, started: ContinuousClock.Instant, handledAt: Int64
    ) async throws -> (rows: [Inbox.Row], known: [ID: Inbox.Known]) {
        let ids = items.map(\.envelope.messageID)
        if items.allSatisfy({ self.isTakenForNew($0, by: handler) }) {
            do {
                return try await self.pool.transaction { transaction in
                    let claim = self.inbox.claimLater(ids, in: transaction)
                    let rows: Result<[Inbox.Row], any Error>
                    do {
                        rows = .success(try await self.handle(items, by: handler, in: transaction))
                    } catch let error as PostgresError where error.isAway || error.isHeldUp || error.isMisfit || error.isConflict {
                        throw error
                    } catch {
                        rows = .failure(error)
                    }
                    if claim.rows == nil { try await transaction.flush() }
                    guard claim.rows?.isEmpty == true else { throw Unclaimed() }
                    let written = try rows.get()
                    try self.insert(written, of: items, started: started, handledAt: handledAt, in: transaction)
                    return (written, [:])
                }
            } catch is Unclaimed {
                // Verified as described above.
            } catch let error as PostgresError where error.sqlState == .inFailedTransaction {
                // The handler's first query failed, perhaps because its messages were handled before.
            }
        }
        return try await self.pool.transaction { transaction in
            let known = try await self.inbox.claim(ids, in: transaction)
            let rows = try await self.handle(items.filter { known[$0.envelope.messageID] == nil }, by: handler, in: transaction)
            try self.insert(rows, of: items, started: started, handledAt: handledAt, in: transaction)
            return (rows, known)
        }
    }

    private func isTakenForNew(_ item: Item, by handler: AnyHandler) -> Bool {
        guard !item.delivery.redelivered, item.envelope.attempt == 1 else { return false }
        // Messages that were handled before are not prepared.
        if handler.prepares, case .decoded = item.state { return false }
        return true
    }

    /// A message that was assumed to be new is not.
    private struct Unclaimed: Error {}

    private func handle(_ items: [Item], by handler: AnyHandler, in transaction: Transaction) async throws -> [Inbox.Row] {
        var rows: [Inbox.Row] = []
        var ready: [Ready] = []
        for item in items {
            switch item.state {
            case .answered(let reply): rows.append(try Inbox.Row(envelope: item.envelope, reply: reply))
            case .prepared(let prepared): ready.append(prepared)
            case .decoded: ready.append(Ready(decoded: item.decoded, prepared: ()))
            }
        }
        if !ready.isEmpty {
            let replies = try await handler.handle(ready, transaction)
            for (ready, reply) in zip(ready, replies) { rows.append(try Inbox.Row(envelope: ready.decoded.envelope, reply: reply)) }
        }
        return rows
    }

    private func insert(
        _ rows: [Inbox.Row], of items: [Item], started: ContinuousClock.Instant, handledAt: Int64, in transaction: Transaction
    ) throws {
        guard !rows.isEmpty else { return }
        let took = ContinuousClock.now - started
        let skipped = items.filter { $0.skip != nil }
        if !skipped.isEmpty {
            let new = Set(rows.map(\.envelope.messageID))
            WorkerControls.count(skipped.filter { new.contains($0.envelope.messageID) }.compactMap(\.skip), in: transaction)
        }
        try self.inbox.insert(rows, type: items[0].envelope.type, handledAt: handledAt, microseconds: took.microseconds, in: transaction)
    }
}
