import EventThread
import Logging
import Synchronization

/// A consumer's connection: copies deliveries out, sends the collected acknowledgements, and reconnects and consumes again when the
/// connection, the channel or the queue is lost.
actor ConsumerConnection {
    nonisolated let eventSource: EventSource
    nonisolated let acknowledgements: AcknowledgementMailbox
    nonisolated let deliveries = DeliveryBuffer()
    nonisolated let status = ConnectionStatus()
    nonisolated let events: AsyncStream<ConnectionEvent>
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    private let eventSink: AsyncStream<ConnectionEvent>.Continuation
    private let dialler: Dialler
    private let source: QueueSource
    private let logger: Logger
    private nonisolated let stuckCallGuard = Mutex<StuckCallGuard?>(nil)
    private var prefetch: UInt16
    private var isTaking = true
    private var channel: AMQPChannel?
    private var queue: String?
    private var epoch: UInt64 = 0
    private var redial = Redial(now: .now)
    private var unacknowledged = UnacknowledgedTags()
    private var arrived: [Acknowledgement] = []
    private var isStopped = false

    init(configuration: BrokerConfiguration, queue: QueueSource, prefetch: Int, thread: EventThread?, logger: Logger) {
        let eventSource = EventSource(name: "amqp-consume", sharing: thread)
        self.eventSource = eventSource
        self.acknowledgements = AcknowledgementMailbox(eventSource: eventSource)
        self.dialler = Dialler(configuration)
        self.source = queue
        self.prefetch = Self.clamp(prefetch)
        self.logger = logger
        // A few suffice: a newer epoch supersedes the older ones.
        (self.events, self.eventSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    }

    /// Begins to connect.
    func start() {
        self.eventSource.onTurn { [weak self] ready in self?.assumeIsolated { $0.turn(ready) } ?? .wait(.init()) }
    }

    /// Sends the last acknowledgements, closes the connection and ends the turns.
    func stop() {
        guard !self.isStopped else { return }
        self.isStopped = true
        if let channel = self.channel {
            do {
                try self.sendAcknowledgements(channel, .now)
                channel.close()
            } catch {
                self.logger.warning("the last acknowledgements were not sent", metadata: ["error": "\(error)"])
            }
        }
        self.channel = nil
        self.stuckCallGuard.withLock { $0 = nil }
        self.deliveries.finish()
        self.status.disconnected(.unreachable("stopped"))
        self.eventSink.finish()
        self.eventSource.stop()
    }

    /// Consumes again with another prefetch.
    func setPrefetch(_ count: Int) {
        self.prefetch = Self.clamp(count)
        self.change { channel, queue, prefetch throws(BrokerError) in
            try channel.cancelConsumer()
            try channel.consume(queue, prefetch: prefetch)
        }
    }

    /// Stops deliveries; the connection stays.
    func stopTaking() {
        guard self.isTaking else { return }
        self.change { channel, _, _ throws(BrokerError) in try channel.cancelConsumer() }
        self.isTaking = false
    }

    /// Stops deliveries for good. Messages delivered before, also those in the library's queue, are still yielded.
    func endTaking() {
        self.stopTaking()
        if let channel = self.channel {
            do {
                try self.receive(channel)
            } catch {
                self.lost(error, .now)
            }
        }
        self.deliveries.finish()
    }

    /// Starts deliveries again.
    func resumeTaking() {
        guard !self.isTaking else { return }
        self.isTaking = true
        self.change { channel, queue, prefetch throws(BrokerError) in try channel.consume(queue, prefetch: prefetch) }
    }

    /// Cuts a library call that is stuck on the broker; called from another thread.
    nonisolated func cutStuckCall(after limit: Duration, now: ContinuousClock.Instant) {
        self.stuckCallGuard.withLock(\.self)?.cut(after: limit, now: now)
    }

    /// Quorum queues allow at most 2,000; 0 would mean no limit.
    private static func clamp(_ prefetch: Int) -> UInt16 { UInt16(max(1, min(prefetch, 65_535))) }

    /// Applies the wanted state of the consumer on the broker; without a connection, or while paused, that happens later.
    private func change(_ act: (AMQPChannel, _ queue: String, _ prefetch: UInt16) throws(BrokerError) -> Void) {
        guard self.isTaking, let channel = self.channel, let queue = self.queue else { return }
        do {
            try act(channel, queue, self.prefetch)
        } catch {
            self.lost(error, .now)
        }
        // Deliveries that arrived during the calls are in the library's queue, where poll(2) does not see them.
        self.eventSource.wake()
    }
}

// MARK: Turns

extension ConsumerConnection {
    private func turn(_ ready: Readiness) -> EventThread.Turn {
        let now = ContinuousClock.now
        if let channel = self.channel {
            do {
                let isReadable = ready.contains(.readable)
                if isReadable || channel.mayHaveInput { try self.receive(channel) }
                try channel.keepAlive(now, didReceive: isReadable)
                try self.sendAcknowledgements(channel, now)
            } catch {
                self.lost(error, now)
            }
        } else {
            // These acknowledgements belong to an earlier epoch.
            self.acknowledgements.take(into: &self.arrived)
            self.arrived.removeAll(keepingCapacity: true)
        }
        self.dialIfDue(now)
        let deadline = self.channel?.nextBeat(after: now) ?? self.redial.nextDeadline
        return .wait(
            EventThread.Wait(
                descriptor: self.channel?.descriptor ?? -1, events: self.channel?.interest ?? .readable,
                timeout: deadline.map { max(.zero, $0 - now) }))
    }

    /// Reads all deliveries that have arrived, as one batch.
    private func receive(_ channel: AMQPChannel) throws(BrokerError) {
        var batch: [Delivery] = []
        defer { if !batch.isEmpty { self.deliveries.append(batch) } }
        while let event = try channel.nextEvent(epoch: self.epoch) {
            switch event {
            case .delivered(let delivery):
                self.unacknowledged.deliver(delivery.deliveryTag)
                batch.append(delivery)
                // A batch may be as large as the prefetch; releasing frames on the way bounds the memory.
                if batch.count.isMultiple(of: 16) { channel.releaseMemory() }
            case .consumerCancelled: throw BrokerError(.closedByBroker, "the broker has cancelled the consumer: its queue is gone or moves")
            case .connectionClosed(let error):
                channel.confirmClose()
                throw error
            case .channelClosed(let error): throw error
            case .acknowledged, .refused, .returned, .blocked, .unblocked: break
            }
        }
        channel.releaseMemory()
    }

    private func sendAcknowledgements(_ channel: AMQPChannel, _ now: ContinuousClock.Instant) throws(BrokerError) {
        self.acknowledgements.take(into: &self.arrived)
        for acknowledgement in self.arrived {
            switch acknowledgement {
            case .one(let tag, let multiple, self.epoch): self.unacknowledged.acknowledge(tag, multiple: multiple)
            case .many(let tags, self.epoch): for tag in tags { self.unacknowledged.acknowledge(tag, multiple: false) }
            case .one, .many: break
            }
        }
        self.arrived.removeAll(keepingCapacity: true)
        let (upTo, singles) = self.unacknowledged.takeAcks()
        if let upTo { try channel.acknowledge(upTo, multiple: true) }
        for tag in singles { try channel.acknowledge(tag, multiple: false) }
        try channel.flush(now)
    }
}

// MARK: Connecting and losing the connection

extension ConsumerConnection {
    private func dialIfDue(_ now: ContinuousClock.Instant) {
        guard self.redial.begin(now) else { return }
        let (dialler, source, prefetch) = (self.dialler, self.source, self.isTaking ? self.prefetch : nil)
        Task {
            do {
                self.adopt(try await dialler.dial(for: .consuming(source, prefetch: prefetch)), prefetch: prefetch)
            } catch let error as BrokerError {
                self.dialFailed(error)
            }
        }
    }

    private func adopt(_ dialled: sending Dialler.Dialled, prefetch: UInt16?) {
        guard !self.isStopped else { return dialled.channel.close() }
        let channel = dialled.channel
        self.redial.succeeded(.now)
        self.eventSource.wake()
        self.epoch += 1
        self.channel = channel
        self.queue = dialled.queue
        self.unacknowledged = UnacknowledgedTags()
        self.stuckCallGuard.withLock { $0 = channel.stuckCallGuard }
        self.status.connected()
        self.eventSink.yield(.connected(epoch: self.epoch))
        self.logger.info("consumer connected", metadata: ["node": "\(channel.node)", "queue": "\(dialled.queue ?? "-")"])
        // Applies changes that were requested during the dial.
        guard prefetch != (self.isTaking ? self.prefetch : nil), let queue = dialled.queue else { return }
        do {
            if prefetch != nil { try channel.cancelConsumer() }
            if self.isTaking { try channel.consume(queue, prefetch: self.prefetch) }
        } catch {
            self.lost(error, .now)
        }
    }

    private func dialFailed(_ error: BrokerError) {
        guard !self.isStopped else { return }
        self.redial.failed(.now)
        self.eventSource.wake()
        self.status.disconnected(error)
        self.logger.warning("consumer cannot connect", metadata: ["error": "\(error)"])
    }

    private func lost(_ error: BrokerError, _ now: ContinuousClock.Instant) {
        self.channel = nil
        self.stuckCallGuard.withLock { $0 = nil }
        // The broker will redeliver them.
        self.deliveries.removeAll()
        self.redial.failed(now)
        self.status.disconnected(error)
        self.eventSink.yield(.disconnected)
        self.logger.warning("consumer lost its connection", metadata: ["error": "\(error)"])
    }
}
