import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop

/// Takes one batch of one message type all the way: decode, dedupe, prepare, handle and commit, publish, and what becomes of those that failed.
///
/// It returns when every delivery of the batch may be acknowledged, or when that has become pointless because their connection is gone.
struct Processor: Sendable {
    /// The queue, which is also the inbox's consumer and the publisher's `app_id`.
    let queue: String
    let registry: HandlerRegistry
    let ladder: RetryLadder
    let pool: PostgresPool
    let outbox: Outbox
    let inbox: Inbox
    let logger: Logger
    let successLog: SampledLog
    /// Nil if traces are off.
    let tracer: TraceRecorder?
    /// The rules by which messages are rejected unseen.
    let skips: @Sendable () -> [SkipRule]
    /// Told while the handler of a type says that the worker's settings are wrong, and nil once it went well again.
    let misconfigured: @Sendable (_ type: String, _ reason: String?) -> Void

    init(
        queue: String, registry: HandlerRegistry, ladder: RetryLadder, pool: PostgresPool, publisher: Publisher, logger: Logger,
        successLog: SampledLog, tracer: TraceRecorder?, skips: @escaping @Sendable () -> [SkipRule],
        misconfigured: @escaping @Sendable (_ type: String, _ reason: String?) -> Void
    ) {
        self.queue = queue
        self.registry = registry
        self.ladder = ladder
        self.pool = pool
        self.outbox = Outbox(publisher: publisher, appID: queue, logger: logger)
        self.inbox = Inbox(consumer: queue)
        self.logger = logger
        self.successLog = successLog
        self.tracer = tracer
        self.skips = skips
        self.misconfigured = misconfigured
    }

    /// A message of the batch, and where it stands.
    struct Item: Sendable {
        enum State: Sendable {
            case decoded
            case prepared(Ready)
            /// Its handler threw a `Problem`.
            case answered(Reply)
        }
        var delivery: Delivery
        var decoded: Decoded
        var state: State
        /// Of its handling, if its trace is recorded.
        var span: TraceSpan?
        /// The rule that has caught it.
        var skip: Int64?
        var envelope: Envelope { self.decoded.envelope }
    }

    /// Handles the batch.
    /// - Parameter isCurrent: false once the deliveries' connection is gone; they come again, so there is no point in going on.
    /// - Returns: whether the deliveries may be acknowledged.
    func process(_ work: Dispatcher.Work, isCurrent: @escaping @Sendable () -> Bool) async -> Bool {
        let run = Run(isCurrent: isCurrent)
        var backoff = Backoff()
        while true {
            do {
                try await self.settle(work, run)
                return true
            } catch is Abandoned {
                return false
            } catch {
                // No rule foresees it: tables of another version, say. The messages are kept in hand until somebody has mended it.
                self.logger.critical("a batch of \(work.type) cannot be settled, again soon: \(error)")
                if Task.isShuttingDownGracefully { return false }
                do { try await run.pause(&backoff) } catch { return false }
            }
        }
    }

    private func settle(_ work: Dispatcher.Work, _ run: Run) async throws {
        guard let handler = self.registry[work.type] else {
            for delivery in work.deliveries {
                try await self.deadLetter(delivery, nil, .unknownType, "no handler for `\(work.type)` in \(self.queue)", run)
            }
            return
        }
        var items: [Item] = []
        var seen: Set<ID> = []
        let skips = self.skips()
        for delivery in work.deliveries {
            var span: TraceSpan?
            do throws(Poison) {
                var envelope = try Envelope(delivery)
                // A copy within the batch is settled with its original.
                guard seen.insert(envelope.messageID).inserted else { continue }
                if let tracer { span = self.begin(&envelope, of: work, tracer) }
                items.append(Item(delivery: delivery, decoded: try handler.decode(delivery.body, envelope), state: .decoded, span: span))
                if let skip = skips.first(where: { $0.catches(envelope) }) { items[items.count - 1].reject(by: skip) }
            } catch {
                try await self.deadLetter(delivery, try? Envelope(delivery), error.errorType, error.description, run)
                span?.end("dead", error.description)
            }
        }
        try await self.handle(items, by: handler, run)
    }

    /// Whether it is still worth going on.
    struct Run: Sendable {
        let isCurrent: @Sendable () -> Bool

        /// Waits before the next try.
        func pause(_ backoff: inout Backoff) async throws(Abandoned) {
            guard self.isCurrent(), !Task.isCancelled else { throw Abandoned() }
            do { try await Task.sleep(for: backoff.next()) } catch { throw Abandoned() }
        }
    }

    private func handle(_ items: [Item], by handler: AnyHandler, _ run: Run) async throws {
        guard !items.isEmpty else { return }
        var prepared = items
        if handler.prepares { prepared = try await self.prepare(items, by: handler, run) }
        guard !prepared.isEmpty else { return }
        var backoff = Backoff()
        while true {
            do {
                try await self.commit(prepared, by: handler, run)
                return
            } catch let error as Abandoned {
                throw error
            } catch let error as PostgresError where error.isAway {
                self.logger.warning("database away, waiting: \(error)")
                try await run.pause(&backoff)
            } catch  where prepared.count > 1 {
                self.logger.info("a batch of \(prepared.count) failed, its messages are handled one by one", metadata: ["error": "\(error)"])
                for item in prepared { try await self.handleAlone(item, by: handler, run) }
                return
            } catch {
                guard let item = try await self.afterFailure(prepared[0], error, by: handler, backoff: &backoff, run) else { return }
                prepared = [item]
            }
        }
    }

    private func handleAlone(_ item: Item, by handler: AnyHandler, _ run: Run) async throws {
        var item = item
        var backoff = Backoff()
        while true {
            do {
                try await self.commit([item], by: handler, run)
                return
            } catch let error as Abandoned {
                throw error
            } catch {
                guard let next = try await self.afterFailure(item, error, by: handler, backoff: &backoff, run) else { return }
                item = next
            }
        }
    }

    /// Obeys the disposition of a message that failed alone.
    /// - Returns: the message as it is to be tried again now; nil if it is settled.
    private func afterFailure(
        _ item: Item, _ error: any Error, by handler: AnyHandler, backoff: inout Backoff, _ run: Run
    ) async throws -> Item? {
        let disposition = Disposition.after(
            error, attempt: item.envelope.attempt, policy: handler.policy, ladder: self.ladder, chance: Double.random(in: 0..<1))
        var item = item
        switch disposition {
        case .reject(let problem):
            item.state = .answered(.rejected(problem))
            return item
        case .retry(let seconds, let text, let errorType):
            try await self.retry(item, after: seconds, errorType, text, run)
            item.span?.end("retried", text)
            return nil
        case .deadLetter(let errorType, let text):
            try await self.deadLetter(item.delivery, item.envelope, errorType, text, run)
            item.span?.end("dead", text)
            return nil
        case .again:
            try await run.pause(&backoff)
            return item
        case .wait(let reason):
            self.logger.warning("waiting: \(reason)", metadata: ["message_id": "\(item.envelope.messageID)"])
            if error is Misconfigured {
                self.misconfigured(item.envelope.type, reason)
                // Whoever stops the worker brings other settings; the message waits for them in the queue.
                if Task.isShuttingDownGracefully { throw Abandoned() }
            }
            try await run.pause(&backoff)
            return item
        }
    }

    /// Prepares those that were not handled before, side by side. What fails is settled here; the rest is returned.
    private func prepare(_ items: [Item], by handler: AnyHandler, _ run: Run) async throws -> [Item] {
        let known = try await self.whenReachable(run) { try await self.inbox.peek(items.map(\.envelope.messageID), in: $0) }
        return try await withThrowingTaskGroup(of: (Int, Item?).self) { group in
            for (index, item) in items.enumerated() {
                if known[item.envelope.messageID] != nil || item.skip != nil {
                    group.addTask { (index, item) }
                } else {
                    group.addTask { (index, try await self.prepareAlone(item, by: handler, run)) }
                }
            }
            var prepared: [(Int, Item)] = []
            for try await case (let index, let item?) in group { prepared.append((index, item)) }
            return prepared.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func prepareAlone(_ item: Item, by handler: AnyHandler, _ run: Run) async throws -> Item? {
        var item = item
        var backoff = Backoff()
        while true {
            do {
                let decoded = item.decoded
                item.state = .prepared(
                    try await Traces.within(self.context(of: item)) {
                        try await withTimeLimit(handler.policy.timeLimit) { try await handler.prepare(decoded) }
                    })
                self.misconfigured(item.envelope.type, nil)
                return item
            } catch {
                guard let next = try await self.afterFailure(item, error, by: handler, backoff: &backoff, run) else { return nil }
                item = next
                if case .answered = item.state { return item }
            }
        }
    }
}
