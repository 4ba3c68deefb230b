public import EventThread
public import Logging
public import Postgres
public import RabbitMQ
public import ServiceLifecycle
import Shop

/// Consumes one queue: lanes that each take a batch of one message type through a handler.
///
/// At graceful shutdown it takes nothing more and finishes what it holds; what is still unacknowledged when the process must end is delivered again.
public final class Worker: Service {
    /// How much a worker takes on.
    public struct Limits: Sendable {
        /// Batches in work side by side.
        public var lanes: Int
        /// Messages a batch at most.
        public var batchSize: Int
        /// Messages that the broker sends ahead.
        public var prefetch: Int

        /// How much a worker takes on.
        public init(lanes: Int = 2, batchSize: Int = 128, prefetch: Int = 512) {
            self.lanes = lanes
            self.batchSize = batchSize
            self.prefetch = prefetch
        }
    }

    private let queue: String
    private let limits: Limits
    private let pool: PostgresPool
    private let consumer: Consumer
    private let registry: HandlerRegistry
    private let processor: Processor
    private let dispatcher: Dispatcher
    private let settlement: Settlement
    private let intake: Intake
    private let readiness: Readiness
    private let controls: WorkerControls
    private let tasks: EventThreadTasks?
    private let logger: Logger

    /// A worker of `queue` with these handlers. The pool, the publisher and the consumer are services of their own, started before it and ended after it.
    /// - Parameters:
    ///   - thread: that of the pool, the publisher and the consumer, if they share one: handlers run there too.
    ///   - logSample: lines a second about what went well; 0 is all of them.
    public init(
        queue: String, handlers: HandlerRegistry, ladder: RetryLadder, limits: Limits, pool: PostgresPool, publisher: Publisher, consumer: Consumer,
        thread: EventThread? = nil, logger: Logger, logSample: Int = 50
    ) {
        self.queue = queue
        self.limits = limits
        self.pool = pool
        self.consumer = consumer
        self.registry = handlers
        self.tasks = thread.map(EventThreadTasks.init)
        self.logger = logger
        let readiness = Readiness()
        self.readiness = readiness
        let controls = WorkerControls(queue: queue)
        self.controls = controls
        self.processor = Processor(
            queue: queue, registry: handlers, ladder: ladder, pool: pool, publisher: publisher, logger: logger,
            successLog: SampledLog(logger: logger, perSecond: logSample), tracer: Traces.recorder, skips: { controls.rules },
            misconfigured: { type, reason in
                defer { Metrics.misconfigured(readiness.misconfigured != nil) }
                // Once, not at each try: nothing is handled until somebody mends it.
                if readiness.set(misconfigured: reason, by: type), let reason {
                    logger.critical("the worker's settings are wrong: \(reason)", metadata: ["queue": .string(queue)])
                }
            })
        let intake = Intake(consumer: consumer, prefetch: limits.prefetch)
        self.intake = intake
        self.dispatcher = Dispatcher(
            batchSize: { min(limits.batchSize, handlers[$0]?.policy.largestBatch ?? 1) }, signal: { intake.give(.flow($0)) })
        self.settlement = Settlement(consumer: consumer)
    }

    /// What keeps the worker from working now, by name; empty if nothing does.
    public var unready: [String] {
        var reasons: [String] = []
        if !self.consumer.isConnected { reasons.append("broker: not connected") }
        if !self.pool.isReachable { reasons.append("database: not reachable") }
        if let misconfigured = self.readiness.misconfigured { reasons.append("settings: \(misconfigured)") }
        return reasons
    }

    /// Consumes until graceful shutdown.
    public func run() async throws {
        await withTaskExecutorPreference(self.tasks) { await self.consume() }
        self.logger.info("drained", metadata: ["queue": "\(self.queue)"])
    }

    private func consume() async {
        let stopping = AsyncStream.makeStream(of: Never.self)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watchConnection() }
                group.addTask { await self.watchControls() }
                group.addTask { for await _ in stopping.stream {} }
                await withTaskGroup(of: Void.self) { taking in
                    taking.addTask { await self.intake.obey() }
                    taking.addTask { await self.receive() }
                    await withTaskGroup(of: Void.self) { lanes in
                        for _ in 0..<self.limits.lanes { lanes.addTask { await self.work() } }
                        // The first of the group to end is the one that waits for the shutdown.
                        await group.next()
                        self.intake.end()
                        // Also what the broker had sent when it was told to send no more.
                        await taking.waitForAll()
                        await self.dispatcher.drain()
                    }
                }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            stopping.continuation.finish()
        }
    }

    /// One lane.
    private func work() async {
        while let work = await self.dispatcher.next() {
            let epoch = work.deliveries[0].epoch
            let readiness = self.readiness
            let held = self.controls.begin(work)
            let isSettled = await self.processor.process(work) { readiness.epoch == epoch }
            self.controls.end(held)
            if isSettled { await self.settlement.settle(work.deliveries.map(\.deliveryTag), epoch: epoch) }
            await self.dispatcher.finished(work)
        }
    }

    private func receive() async {
        for await batch in self.consumer.batches {
            guard let epoch = batch.first?.epoch else { continue }
            if self.readiness.begin(epoch: epoch) { await self.dispatcher.reset() }
            await self.dispatcher.add(batch)
        }
    }

    /// What was delivered over a lost connection comes again: lanes that wait for something to come back need not go on.
    private func watchConnection() async {
        for await event in self.consumer.connectionEvents {
            if case .disconnected = event { self.readiness.endEpoch() }
        }
    }

    /// An operator pauses and resumes a queue, and has messages skipped, in Postgres; each worker looks every second, and says what it holds.
    private func watchControls() async {
        while !Task.isCancelled {
            do {
                let paused = try await self.controls.look(in: self.pool)
                if paused != self.readiness.paused {
                    self.readiness.set(paused: paused)
                    self.logger.notice(paused ? "paused by an operator" : "resumed by an operator", metadata: ["queue": "\(self.queue)"])
                    self.intake.give(.pause(paused))
                }
                try await self.controls.report(in: self.pool)
            } catch {
                self.logger.debug("queue_controls not read: \(error)")
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }
}

/// Acknowledges what is settled, with as few frames as that takes.
private actor Settlement {
    private let consumer: Consumer
    private var ledger = AckLedger()
    private var epoch: UInt64 = 0

    init(consumer: Consumer) {
        self.consumer = consumer
    }

    func settle(_ tags: [UInt64], epoch: UInt64) async {
        guard epoch >= self.epoch else { return }
        if epoch > self.epoch {
            self.epoch = epoch
            self.ledger = AckLedger()
        }
        for ack in self.ledger.settle(tags) { await self.consumer.acknowledge(ack.tag, multiple: ack.multiple, epoch: epoch) }
    }
}
