public import EventThread
public import Logging
public import Postgres
public import RabbitMQ
public import ServiceLifecycle
import Synchronization

/// Consumes one queue: each of its slots takes a batch of one message type through a handler.
///
/// At graceful shutdown it takes no more messages and finishes those in work; messages that are still unacknowledged at the end are redelivered.
public final class Worker: Service {
    /// The worker's limits.
    public struct Limits: Sendable {
        /// Batches at the same time.
        public var lanes: Int
        /// The limit of messages per batch.
        public var batchSize: Int
        /// The prefetch.
        public var prefetch: Int
        /// The longest stay in work of a message that cannot be settled, for example because the database is away. Shorter than the broker's
        /// `consumer_timeout`, which is 30 min by default.
        public var longestStay: Duration

        /// The worker's limits.
        public init(lanes: Int = 2, batchSize: Int = 128, prefetch: Int = 512, longestStay: Duration = .seconds(20 * 60)) {
            self.lanes = lanes
            self.batchSize = batchSize
            self.prefetch = prefetch
            self.longestStay = longestStay
        }
    }

    private let queue: String
    private let limits: Limits
    private let pool: PostgresPool
    private let consumer: Consumer
    private let processor: Processor
    private let dispatcher: Dispatcher
    private let holds: Holds
    private let intake: Intake
    private let readiness: Readiness
    private let controls: WorkerControls
    private let tasks: EventThreadTasks?
    private let logger: Logger

    /// A worker of `queue` with these handlers. The pool, the publisher and the consumer are separate services, started before it and ended after it.
    /// - Parameters:
    ///   - application: its topology determines the events that must have a queue.
    ///   - thread: the shared thread of the pool, the publisher and the consumer, if they share one: handlers run there too.
    ///   - logSample: lines per second for successes; 0 logs all of them.
    public init(
        queue: String, of application: ConveyorApplication, handlers: HandlerRegistry, ladder: RetryLadder, limits: Limits, pool: PostgresPool,
        publisher: Publisher, consumer: Consumer,
        thread: EventThread? = nil, logger: Logger, logSample: Int = 50
    ) {
        self.queue = queue
        self.limits = limits
        self.pool = pool
        self.consumer = consumer
        self.tasks = thread.map(EventThreadTasks.init)
        self.logger = logger
        self.readiness = Readiness()
        let controls = WorkerControls(queue: queue)
        self.controls = controls
        let held = Mutex<Set<String>>([])
        self.holds = Holds { type, reason in
            let isMisconfigured = held.withLock { held in
                if reason == nil { held.remove(type) } else { held.insert(type) }
                return !held.isEmpty
            }
            Metrics.misconfigured(isMisconfigured)
            // Once, not at each try.
            if let reason {
                logger.critical("\(type) is held back until this is right: \(reason)", metadata: ["queue": .string(queue)])
            } else {
                logger.notice("\(type) is held back no longer", metadata: ["queue": .string(queue)])
            }
        }
        self.processor = Processor(
            queue: queue, application: application, registry: handlers.composed(), ladder: ladder, pool: pool, publisher: publisher,
            holds: self.holds,
            logger: logger,
            successLog: SampledLog(logger: logger, perSecond: logSample), tracer: Traces.recorder, skips: { controls.rules })
        let intake = Intake(consumer: consumer, prefetch: limits.prefetch)
        self.intake = intake
        self.dispatcher = Dispatcher(
            batching: { type in
                guard let handler = handlers[type] else { return Dispatcher.Batching(size: 1) }
                return Dispatcher.Batching(size: max(1, min(limits.batchSize, handler.policy.largestBatch)), isSideBySide: handler.prepares)
            }, signal: { intake.give(.flow($0)) })
    }

    /// The reasons why the worker is not ready; empty if it is.
    public var unready: [String] {
        var reasons: [String] = []
        if !self.consumer.isConnected {
            reasons.append("broker: not connected")
        } else if let unreadiness = self.processor.outbox.publisher.unreadiness {
            reasons.append("broker: \(unreadiness)")
        }
        if !self.pool.isReachable { reasons.append("database: not reachable") }
        if let reason = self.holds.reason { reasons.append("settings: \(reason)") }
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
                group.addTask { await self.giveBackOverdue() }
                group.addTask { for await _ in stopping.stream {} }
                await withTaskGroup(of: Void.self) { taking in
                    taking.addTask { await self.intake.obey() }
                    taking.addTask { await self.receive() }
                    await withTaskGroup(of: Void.self) { lanes in
                        for _ in 0..<self.limits.lanes { lanes.addTask { await self.work() } }
                        // The first to end in the group is the one that waits for the shutdown.
                        await group.next()
                        self.intake.end()
                        // Includes messages that the broker had sent before the consumer stopped.
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

    /// One slot. While the broker confirms the messages of one batch, the next batch is in its transaction; each is committed, then published, then
    /// acknowledged, in this order, and the batches one after the other.
    private func work() async {
        await withTaskGroup(of: Void.self) { publishing in
            while let work = await self.dispatcher.next() {
                let run = self.run(work)
                let held = self.controls.begin(work)
                do {
                    let committed = try await self.processor.process(work, run)
                    await self.dispatcher.committed(work)
                    // The previous batch.
                    await publishing.next()
                    publishing.addTask {
                        await self.finish(work, committed, run)
                        self.controls.end(held)
                    }
                } catch {
                    // It will be redelivered.
                    self.controls.end(held)
                    await self.dispatcher.finished(work)
                }
            }
        }
    }

    private func finish(_ work: Dispatcher.Work, _ committed: Processor.Committed?, _ run: Run) async {
        do {
            if let committed { try await self.processor.publish(committed, run) }
            await self.consumer.acknowledge(work.deliveries.map(\.deliveryTag), epoch: work.deliveries[0].epoch)
        } catch {
            // It will be redelivered.
        }
        await self.dispatcher.finished(work)
    }

    private func run(_ work: Dispatcher.Work) -> Run {
        let (epoch, readiness) = (work.deliveries[0].epoch, self.readiness)
        return Run(isCurrent: { readiness.epoch == epoch }, until: work.since + self.limits.longestStay)
    }

    /// Returns messages that no slot has taken in time; messages in slots are returned by these.
    private func giveBackOverdue() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: min(self.limits.longestStay / 4, .seconds(30))) } catch { return }
            guard let work = await self.dispatcher.takeOverdue(since: .now - self.limits.longestStay) else { continue }
            do {
                try await self.processor.giveBack(work.deliveries, after: .seconds(60), self.run(work))
                await self.consumer.acknowledge(work.deliveries.map(\.deliveryTag), epoch: work.deliveries[0].epoch)
            } catch {
                // They will be redelivered.
            }
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

    /// Deliveries from a lost connection are redelivered, so batches that are still retrying can be abandoned.
    private func watchConnection() async {
        for await event in self.consumer.connectionEvents {
            if case .disconnected = event { self.readiness.endEpoch() }
        }
    }

    /// Operators pause and resume a queue, and skip messages, in Postgres; each worker checks every second, and reports its long-running messages.
    private func watchControls() async {
        while !Task.isCancelled {
            do {
                let paused = try await self.controls.look(in: self.pool)
                self.processor.outbox.audience.want(self.controls.wantedEvents)
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
