import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Reads the state of operations from the workers' tables.
struct OperationReader: Sendable {
    private let pool: PostgresPool
    /// Wakes waiting requests.
    let feed: ChangeFeed
    /// `SECRET_KEY` for signing, then the previous keys.
    let keys: [OperationKey]
    private let looks = SharedLooks()
    private let waits: ConcurrencyLimit<Waiter>

    /// - Parameter waits: the limit of waiting requests per ``Waiter``.
    init(pool: PostgresPool, feed: ChangeFeed, keys: [OperationKey], waits: Int) {
        self.pool = pool
        self.feed = feed
        self.keys = keys
        self.waits = ConcurrencyLimit(waits)
    }

    /// The owner of a waiting request: an account, or the network of an anonymous client.
    enum Waiter: Hashable, Sendable {
        case account(ID)
        case network(IPAddress)

        init(_ actor: ID?, _ context: IngressContext) { self = actor.map { .account($0) } ?? .network(context.client.network) }
    }

    /// Reserves a place for a waiting request, for the lifetime of the returned object; nil if there are too many.
    func admit(_ waiter: Waiter) -> ConcurrencyLimit<Waiter>.Place? { self.waits.place(for: waiter) }

    private static let decided: Statement = """
        select outcome, attempt, result, problem, handled_at from inbox where correlation_id = $1 and decides order by handled_at limit 1
        """
    /// The retries of the command itself; its follow-up messages may be retried unnoticed by the client.
    private static let first: Statement = """
        select sent_at, encode(fingerprint, 'hex'), handled_at from inbox where message_id = $1 order by handled_at limit 1
        """
    private static let attempts: Statement = """
        select attempt, next_at from attempts where correlation_id = $1 order by at desc limit 1
        """
    private static let dead: Statement = """
        select attempts, last_failed_at from dead_letters where correlation_id = $1 and status <> 'replayed' order by last_failed_at desc limit 1
        """

    /// The current state of an operation.
    /// - Throws: `Problem` `database_unreachable`.
    func read(_ operation: OperationID) async throws -> OperationState {
        let id = operation.messageID
        let results = try await self.pool.reading { pool in
            try await pool.pipeline([Call(Self.decided, id), Call(Self.first, id), Call(Self.attempts, id), Call(Self.dead, id)])
        }
        let command = results[1].first
        let createdAt = try command?[0, as: Date.self] ?? id.milliseconds.map { Clock.date(milliseconds: Int64($0)) }
        // A request with the same idempotency key and another body was handled first, so this one was not.
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

    /// Waits for an operation's end: an event wakes it, and it polls now and then, since the event may be lost.
    /// - Parameter mayHaveEnded: false for a new operation that was just published.
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
            // Dead letters emit no event.
            let pause = self.feed.isCurrent() ? Duration.seconds(1) : .milliseconds(200)
            let newsAt = await waiting.next(until: min(deadline, .now + pause))
            if waiting.hasLeft { break }
            // A poll without news may use another request's recent result.
            state = try await self.looks.state(of: operation.messageID, since: newsAt ?? .now - pause / 2) { try await self.read(operation) }
            if state.isFinal { return await self.told(state, of: operation, deadline) }
        }
        return state
    }

    /// A write counts as finished when no ingress serves the old value from its cache; uncached resources need no wait.
    private func told(_ state: OperationState, of operation: OperationID, _ deadline: ContinuousClock.Instant) async -> OperationState {
        guard state.status == .succeeded, let cached = operation.cached, let finishedAt = state.finishedAt,
            Date().timeIntervalSince(finishedAt) < Self.cacheLifetime
        else { return state }
        if await self.feed.settle(cached, until: max(deadline, .now + Peers.lease)) { return state }
        return OperationState(status: .pending, attempts: state.attempts, createdAt: state.createdAt)
    }

    /// The maximum age of cached values, with a margin for different clocks.
    private static let cacheLifetime = 120.0
}

extension OperationID {
    /// Whether a message with this fingerprint belongs to the operation. Messages without a key, or from an older ingress, have none.
    fileprivate func isOf(_ fingerprint: String) -> Bool {
        self.fingerprints.isEmpty || UInt64(fingerprint: fingerprint).map { self.fingerprints.contains($0) } ?? true
    }

    /// The cached resources that it changes, as in `cache.clear`; nil if there are none.
    fileprivate var cached: String? {
        switch self.kind {
        case .changePassword, .revokeTokens, .endSession, .setAccountFlags, .eraseAccount: self.resource.map { "user:\($0)" }
        // The operation does not contain the owner.
        case .resetPassword: "user"
        case .createCategory, .updateCategory, .deleteCategory: "category"
        case .updateProduct, .archiveProduct, .adjustStock: self.resource.map { "product:\($0)" }
        default: nil
        }
    }
}
