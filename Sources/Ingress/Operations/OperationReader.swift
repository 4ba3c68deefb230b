import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// How operations stand, as the workers have written it.
struct OperationReader: Sendable {
    private let pool: PostgresPool
    /// Wakes those who wait.
    let feed: ChangeFeed
    /// `SECRET_KEY`'s, which signs, then the previous ones.
    let keys: [OperationKey]
    private let looks = SharedLooks()
    private let waits: ConcurrencyLimit<Waiter>

    /// - Parameter waits: requests that a ``Waiter`` may have wait.
    init(pool: PostgresPool, feed: ChangeFeed, keys: [OperationKey], waits: Int) {
        self.pool = pool
        self.feed = feed
        self.keys = keys
        self.waits = ConcurrencyLimit(waits)
    }

    /// Who waits: an account, or somebody of whom only the network is known.
    enum Waiter: Hashable, Sendable {
        case account(ID)
        case network(IPAddress)

        init(_ actor: ID?, _ context: IngressContext) { self = actor.map { .account($0) } ?? .network(context.client.network) }
    }

    /// Lets one more request of somebody wait, as long as what is returned lives; nil if there are too many.
    func admit(_ waiter: Waiter) -> ConcurrencyLimit<Waiter>.Place? { self.waits.place(for: waiter) }

    private static let decided: Statement = """
        select outcome, attempt, result, problem, handled_at from inbox where correlation_id = $1 and decides order by handled_at limit 1
        """
    /// Of the command itself; what follows from it may be retried without a word to the client.
    private static let first: Statement = """
        select sent_at, encode(fingerprint, 'hex'), handled_at from inbox where message_id = $1 order by handled_at limit 1
        """
    private static let attempts: Statement = """
        select attempt, next_at from attempts where correlation_id = $1 order by at desc limit 1
        """
    private static let dead: Statement = """
        select attempts, last_failed_at from dead_letters where correlation_id = $1 and status <> 'replayed' order by last_failed_at desc limit 1
        """

    /// How an operation stands now.
    /// - Throws: `Problem` `database_unreachable`.
    func read(_ operation: OperationID) async throws -> OperationState {
        let id = operation.messageID
        let results = try await self.pool.reading { pool in
            try await pool.pipeline([Call(Self.decided, id), Call(Self.first, id), Call(Self.attempts, id), Call(Self.dead, id)])
        }
        let command = results[1].first
        let createdAt = try command?[0, as: Date.self] ?? id.milliseconds.map { Clock.date(milliseconds: Int64($0)) }
        // Another body came with the same idempotency key, and was handled first: so this one was not.
        if let fingerprint = try command?[1, as: String?.self], !operation.isOf(fingerprint) {
            return OperationState(
                status: .rejected, attempts: 1, problem: .idempotencyKeyReused, createdAt: createdAt, finishedAt: try command?[2, as: Date.self])
        }
        if let row = results[0].first {
            return OperationState(
                status: try row[0, as: String.self] == "rejected" ? .rejected : .succeeded, attempts: Int(try row[1, as: Int16.self]),
                result: try row[2], problem: try row[3, as: JSONText?.self].map { try JSON.decode(Problem.self, from: $0.bytes) },
                createdAt: createdAt, finishedAt: try row[4])
        }
        if let row = results[3].first {
            return OperationState(
                status: .failed, attempts: Int(try row[0, as: Int32.self]), createdAt: createdAt, finishedAt: try row[1, as: Date.self])
        }
        if let row = results[2].first, let nextAt = try row[1, as: Date?.self] {
            return OperationState(
                status: .retrying, attempts: Int(try row[0, as: Int16.self]), createdAt: createdAt, nextAttemptAt: nextAt)
        }
        return OperationState(status: .pending, attempts: results[1].isEmpty ? 0 : 1, createdAt: createdAt)
    }

    /// Waits for an operation's end: woken by the event, and looking by itself now and then, as that may be lost.
    /// - Parameter mayHaveEnded: false for one that was just sent and is new.
    func wait(
        for operation: OperationID, upTo limit: Duration, _ waiting: ChangeFeed.Listener, mayHaveEnded: Bool
    ) async throws -> OperationState {
        let deadline = ContinuousClock.now + limit
        self.looks.enter(operation.messageID)
        defer { self.looks.leave(operation.messageID) }
        var state = OperationState(status: .pending)
        if mayHaveEnded || limit == .zero {
            state = try await self.read(operation)
            if state.isFinal { return await self.told(state, of: operation, deadline) }
        }
        while ContinuousClock.now < deadline, !waiting.hasLeft {
            // A dead letter is recorded without an event.
            let pause = self.feed.isCurrent() ? Duration.seconds(1) : .milliseconds(200)
            let newsAt = await waiting.next(until: min(deadline, .now + pause))
            if waiting.hasLeft { break }
            // Who is woken by nothing new takes what another saw a moment ago.
            state = try await self.looks.state(of: operation.messageID, since: newsAt ?? .now - pause / 2) { try await self.read(operation) }
            if state.isFinal { return await self.told(state, of: operation, deadline) }
        }
        return state
    }

    /// A write counts as finished once no ingress reads from its cache what was there before; what is not cached needs no more.
    private func told(_ state: OperationState, of operation: OperationID, _ deadline: ContinuousClock.Instant) async -> OperationState {
        guard state.status == .succeeded, let cached = operation.cached, let finishedAt = state.finishedAt,
            Date().timeIntervalSince(finishedAt) < Self.cacheLifetime
        else { return state }
        if await self.feed.settle(cached, until: max(deadline, .now + Peers.lease)) { return state }
        return OperationState(status: .pending, attempts: state.attempts, createdAt: state.createdAt)
    }

    /// Nothing is cached for longer, with some time for clocks that differ.
    private static let cacheLifetime = 120.0
}

extension OperationID {
    /// Whether a message with this fingerprint is the operation's. One without a key, and one from an older ingress, does not say.
    fileprivate func isOf(_ fingerprint: String) -> Bool {
        self.fingerprints.isEmpty || UInt64(fingerprint: fingerprint).map { self.fingerprints.contains($0) } ?? true
    }

    /// What ingresses may have cached of that which it changes, as in `cache.clear`; nil if nothing.
    fileprivate var cached: String? {
        switch self.kind {
        case .changePassword, .revokeTokens, .endSession, .setAccountFlags, .eraseAccount: self.resource.map { "user:\($0)" }
        // Whose it was is not in the operation.
        case .resetPassword: "user"
        case .createCategory, .updateCategory, .deleteCategory: "category"
        case .updateProduct, .archiveProduct, .adjustStock: self.resource.map { "product:\($0)" }
        default: nil
        }
    }
}
