public import Conveyor
public import Postgres

/// Runs the handlers of a queue on a real database without a broker. The test chooses the messages of a batch, their order and their repetitions.
/// The real inbox recognizes copies, and the real rules decide about failures.
///
///     let harness = HandlerHarness(queue: "thumbnails", handlers: handlers, pool: pool)
///     let message = SentMessage(MakeThumbnail(picture: "a.jpg", width: 200))
///     #expect(try await harness.take([message])[0].reply.emits.isEmpty)
///     guard case .known = try await harness.take([message])[0] else { … } // a redelivery has no effect
///
/// The database needs Conveyor's tables, see ``migrate(_:_:)``. ``WorkerHarness`` runs the whole worker instead.
public struct HandlerHarness: Sendable {
    /// The queue of the handlers.
    public let queue: String
    /// The handlers' connections.
    public let pool: PostgresPool
    private let handlers: HandlerRegistry
    private let inbox: Inbox
    private let ladder: RetryLadder

    /// A harness for these handlers, with their middleware.
    /// - Parameter retryDelays: seconds before each further attempt; their number limits the attempts.
    public init(queue: String, handlers: HandlerRegistry, pool: PostgresPool, retryDelays: [Int] = RetryLadder.standard.delays) {
        self.queue = queue
        self.pool = pool
        self.handlers = handlers.composed()
        self.inbox = Inbox(consumer: queue)
        self.ladder = RetryLadder(delays: retryDelays)
    }

    /// Creates the tables that handlers need: Conveyor's, then the application's own.
    public static func migrate(_ pool: PostgresPool, _ migrations: [Migration] = []) async throws(MigrationError) {
        try await Migrator(pool: pool, ledger: .machinery).apply(Migration.machinery)
        try await Migrator(pool: pool).apply(migrations)
    }

    /// The result of a message.
    public enum Outcome: Sendable {
        /// It was handled; the reply contains the problem of a rejection.
        case replied(Reply)
        /// It was handled before, with the messages that it emitted then.
        case known([MessageOutcome.Emitted])
        /// It failed and will be retried, for this reason.
        case retried(String)
        /// It is a dead letter.
        case dead(ErrorType, String)

        /// The reply to a handled message.
        /// - Throws: ``NotHandled``
        public var reply: Reply {
            get throws {
                guard case .replied(let reply) = self else { throw NotHandled(description: "not handled: \(self)") }
                return reply
            }
        }
    }

    /// A message was not handled.
    public struct NotHandled: Error, CustomStringConvertible {
        /// The actual result of the message.
        public let description: String
    }

    /// Handles messages of one type as a worker does: in one transaction, or one by one if that fails.
    /// - Returns: the result of each, in their order.
    /// - Throws: if the database is unreachable or lacks a table.
    public func take(_ batch: [SentMessage]) async throws -> [Outcome] {
        guard let first = batch.first else { return [] }
        guard let handler = self.handlers[first.envelope.type] else {
            return batch.map { .dead(.unknownType, "no handler of \(self.queue) takes \($0.envelope.type)") }
        }
        do {
            return try await self.commit(batch, handler)
        } catch  where batch.count > 1 {
            var outcomes: [Outcome] = []
            for message in batch { outcomes += try await self.take([message]) }
            return outcomes
        } catch {
            switch Disposition.after(error, attempt: first.envelope.attempt, policy: handler.policy, ladder: self.ladder, chance: 1) {
            case .reject(let problem): return [.replied(.rejected(problem))]
            case .retry(_, let text, _, _): return [.retried(text)]
            case .deadLetter(let type, let text): return [.dead(type, text)]
            case .again: return try await self.take(batch)
            case .wait, .hold, .split: throw error
            }
        }
    }

    private func commit(_ batch: [SentMessage], _ handler: AnyHandler) async throws -> [Outcome] {
        let ready = try await self.prepare(self.decode(batch, handler), handler)
        return try await self.pool.transaction { try await self.handle(batch, ready, by: handler, in: $0) }
    }

    // A separate function: inside an asynchronous one it crashes the optimizer of Swift 6.3.
    private func decode(_ batch: [SentMessage], _ handler: AnyHandler) throws -> [Decoded] {
        try batch.map { try handler.decode(JSON.encode($0.payload), $0.envelope) }
    }

    private func handle(
        _ batch: [SentMessage], _ ready: [ID: Ready], by handler: AnyHandler, in transaction: Transaction
    ) async throws -> [Outcome] {
        let known = try await self.inbox.claim(batch.map(\.envelope.messageID), in: transaction)
        let new = batch.map(\.envelope.messageID).filter { known[$0] == nil }.compactMap { ready[$0] }
        var replies: [ID: Reply] = [:]
        if !new.isEmpty {
            var rows: [Inbox.Row] = []
            for (item, reply) in zip(new, try await handler.handle(new, transaction)) {
                replies[item.decoded.envelope.messageID] = reply
                rows.append(try Inbox.Row(envelope: item.decoded.envelope, reply: reply))
            }
            try self.inbox.insert(rows, type: handler.type, handledAt: Clock.milliseconds(), microseconds: 0, in: transaction)
        }
        return try batch.map { message in
            let id = message.envelope.messageID
            if let reply = replies[id] { return .replied(reply) }
            return .known(try known[id]?.emitted.map { try MessageOutcome.Emitted($0) } ?? [])
        }
    }

    /// Runs `prepare` for the messages that were not handled before.
    private func prepare(_ decoded: [Decoded], _ handler: AnyHandler) async throws -> [ID: Ready] {
        guard handler.prepares else {
            return Dictionary(decoded.map { ($0.envelope.messageID, Ready(decoded: $0, prepared: ())) }) { _, last in last }
        }
        let known = try await self.inbox.peek(decoded.map(\.envelope.messageID), in: self.pool)
        var ready: [ID: Ready] = [:]
        for message in decoded where known[message.envelope.messageID] == nil {
            ready[message.envelope.messageID] = try await handler.prepare(message)
        }
        return ready
    }
}

/// A message in a queue.
public struct SentMessage: Sendable {
    /// The payload.
    public let payload: any Message
    /// Its ids, actor and attempt.
    public var envelope: Envelope

    /// The first message of a chain, sent now.
    /// - Parameter id: nil makes a new one.
    public init(_ payload: any Message, id: ID? = nil, actor: String = "system", attempt: Int = 1) {
        let now = Clock.milliseconds()
        var envelope = Envelope(
            messageID: id ?? .v7(milliseconds: UInt64(max(0, now))), type: Swift.type(of: payload).type, actor: actor, schema: payload.version,
            sentAt: now)
        envelope.attempt = attempt
        self.init(payload, envelope: envelope)
    }

    /// A message in this envelope.
    public init(_ payload: any Message, envelope: Envelope) {
        self.payload = payload
        self.envelope = envelope
    }
}

extension MessageOutcome.Emitted {
    fileprivate init(_ emission: Inbox.Emission) throws {
        self.init(type: emission.type, exchange: emission.exchange, payload: try JSON.decode(JSONValue.self, from: emission.payload))
    }
}
