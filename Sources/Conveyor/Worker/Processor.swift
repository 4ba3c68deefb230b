import Logging
import Postgres
import RabbitMQ

/// Brings one batch of one message type to its commit, and returns the messages to publish while the next batch is in its transaction.
///
/// A message ends in one of four ways: committed, in a retry queue, as a dead letter, or returned unchanged. Messages that fail together are handled
/// again one by one (``Disposition``), so one bad message harms no other.
struct Processor: Sendable {
    /// The queue, which is also the inbox's consumer and the publisher's `app_id`.
    let queue: String
    let application: ConveyorApplication
    let registry: HandlerRegistry
    let ladder: RetryLadder
    let pool: PostgresPool
    let outbox: Outbox
    let inbox: Inbox
    let retention = Retention()
    let holds: Holds
    let logger: Logger
    let successLog: SampledLog
    /// nil if traces are off.
    let tracer: TraceRecorder?
    /// The operators' rules for skipped messages.
    let skips: @Sendable () -> [SkipRule]

    init(
        queue: String, application: ConveyorApplication, registry: HandlerRegistry, ladder: RetryLadder, pool: PostgresPool, publisher: Publisher,
        holds: Holds, logger: Logger,
        successLog: SampledLog, tracer: TraceRecorder?, skips: @escaping @Sendable () -> [SkipRule]
    ) {
        self.queue = queue
        self.application = application
        self.registry = registry
        self.ladder = ladder
        self.pool = pool
        self.outbox = Outbox(publisher: publisher, appID: queue, logger: logger, audience: Audience(application.topology))
        self.inbox = Inbox(consumer: queue)
        self.holds = holds
        self.logger = logger
        self.successLog = successLog
        self.tracer = tracer
        self.skips = skips
    }

    /// A message of the batch with its state.
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
        /// The span of its handling, if its trace is recorded.
        var span: TraceSpan?
        /// The rule that skipped it.
        var skip: Int64?
        var envelope: Envelope { self.decoded.envelope }
    }

    /// Messages whose effects are committed. They may be acknowledged after ``publish(_:_:)`` has returned.
    struct Committed: Sendable {
        var items: [Item]
        /// One for each that was not handled before.
        var rows: [Inbox.Row]
        /// The messages that were handled before, with the messages that they emitted then.
        var known: [ID: Inbox.Known]
        var handledAt: Int64
        var took: Duration
    }

    /// Handles the batch.
    /// - Returns: the messages to publish before the deliveries may be acknowledged; nil if there are none.
    /// - Throws: `Abandoned`: the deliveries will be redelivered.
    func process(_ work: Dispatcher.Work, _ run: Run) async throws(Abandoned) -> Committed? {
        guard let handler = self.registry[work.type] else {
            for delivery in work.deliveries {
                try await self.deadLetter(delivery, nil, .unknownType, "no handler for `\(work.type.bounded(to: 255))` in \(self.queue)", run)
            }
            return nil
        }
        guard !self.holds.isHeld(work.type) else {
            try await self.giveBack(work.deliveries, after: self.holds.heldFor(work.type) / 2, run)
            return nil
        }
        let items = try await self.decode(work, by: handler, run)
        guard handler.prepares else { return try await self.settle(items, by: handler, run) }
        // Each is committed and published as soon as its external call has ended, without waiting for the slowest.
        let isAbandoned = await withTaskGroup(of: Bool.self) { group in
            for item in items {
                group.addTask {
                    do throws(Abandoned) {
                        if let committed = try await self.settle([item], by: handler, run) { try await self.publish(committed, run) }
                        return false
                    } catch {
                        return true
                    }
                }
            }
            return await group.contains(true)
        }
        if isAbandoned { throw Abandoned() }
        return nil
    }

    /// Decodes the deliveries; an undecodable one becomes a dead letter. A duplicate within the batch is settled with its original.
    private func decode(_ work: Dispatcher.Work, by handler: AnyHandler, _ run: Run) async throws(Abandoned) -> [Item] {
        var items: [Item] = []
        var seen: Set<ID> = []
        let skips = self.skips()
        for delivery in work.deliveries {
            var span: TraceSpan?
            do throws(Poison) {
                var envelope = try Envelope(delivery)
                guard seen.insert(envelope.messageID).inserted else { continue }
                if let tracer { span = self.begin(&envelope, of: work, tracer) }
                items.append(Item(delivery: delivery, decoded: try handler.decode(delivery.body, envelope), state: .decoded, span: span))
                if let skip = skips.first(where: { $0.catches(envelope) }) { items[items.count - 1].reject(by: skip) }
            } catch {
                try await self.deadLetter(delivery, try? Envelope(delivery), error.errorType, error.description, run)
                span?.end("dead", error.description)
            }
        }
        return items
    }

    /// Tries messages until they are committed, or have ended in another way. The only retry loop.
    private func settle(_ items: [Item], by handler: AnyHandler, _ run: Run) async throws(Abandoned) -> Committed? {
        var items = items
        var backoff = Backoff()
        while !items.isEmpty {
            let failure: any Error
            do {
                try await self.refuseForgotten(items)
                if handler.prepares { items[0] = try await self.prepare(items[0], by: handler) }
                let committed = try await self.commit(items, by: handler)
                self.holds.release(items[0].envelope.type)
                return committed
            } catch {
                failure = error
            }
            guard !Task.isCancelled else { throw Abandoned() }
            do {
                items = try await self.obey(failure, items, by: handler, &backoff, run)
            } catch is Overdue {
                try await self.giveBack(items.map(\.delivery), after: .seconds(60), run)
                return nil
            } catch {
                throw Abandoned()
            }
        }
        return nil
    }

    /// Refuses a message that is older than the inbox and unknown to it.
    private func refuseForgotten(_ items: [Item]) async throws {
        for item in items {
            guard try await self.retention.isForgotten(item.envelope.sentAt, in: self.pool),
                try await self.inbox.peek([item.envelope.messageID], in: self.pool).isEmpty
            else { continue }
            throw Poison(.timedOut, Retention.forgotten)
        }
    }

    /// Executes the disposition of a failure.
    /// - Returns: the messages to try again now; the others have left.
    private func obey(_ failure: any Error, _ items: [Item], by handler: AnyHandler, _ backoff: inout Backoff, _ run: Run) async throws -> [Item] {
        var items = items
        let first = items[0]
        let disposition = Disposition.after(
            failure, of: items.count, attempt: first.envelope.attempt, policy: handler.policy, ladder: self.ladder, chance: .random(in: 0..<1))
        switch disposition {
        case .split:
            self.logger.info("a batch of \(items.count) failed, its messages are handled one by one", metadata: ["error": "\(failure)"])
            for item in items {
                if let committed = try await self.settle([item], by: handler, run) { try await self.publish(committed, run) }
            }
            return []
        case .reject(let problem):
            items[0].state = .answered(.rejected(problem))
            return items
        case .retry(let seconds, let text, let errorType, let counts):
            try await self.retry(first, after: seconds, errorType, text, counts: counts, run)
            first.span?.end("retried", text)
            return []
        case .deadLetter(let errorType, let text):
            try await self.deadLetter(first.delivery, first.envelope, errorType, text, run)
            first.span?.end("dead", text)
            return []
        case .hold(let reason):
            self.holds.hold(first.envelope.type, reason)
            for item in items { item.span?.end("held", reason) }
            try await self.giveBack(items.map(\.delivery), after: self.holds.heldFor(first.envelope.type) / 2, run)
            return []
        case .wait(let reason):
            self.logger.warning("waiting: \(reason)", metadata: ["message_id": "\(first.envelope.messageID)"])
            try await run.pause(&backoff)
            return items
        case .again:
            try await run.pause(&backoff)
            return items
        }
    }

    /// Prepares a message, unless it is prepared or was handled before.
    private func prepare(_ item: Item, by handler: AnyHandler) async throws -> Item {
        guard case .decoded = item.state, try await self.inbox.peek([item.envelope.messageID], in: self.pool).isEmpty else { return item }
        var item = item
        let decoded = item.decoded
        item.state = .prepared(
            try await Traces.within(self.context(of: item)) {
                try await withTimeLimit(handler.policy.timeLimit) { try await handler.prepare(decoded) }
            })
        return item
    }
}
