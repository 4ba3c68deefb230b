import DequeModule
import EventThread
import Logging
import Synchronization

/// A publisher's connection: takes the messages from the mailbox, keeps a window of unconfirmed ones, answers each caller, and reconnects
/// when the connection is lost.
actor PublisherConnection {
    /// The limit of unconfirmed messages. More gains nothing (measured), and overshoots a queue's limit by more.
    private static let windowLimit = 1024
    /// The limit of unsent bytes, above which no more messages are encoded.
    private static let outputLimit = 1 << 20
    /// The time for which a message waits for others while earlier ones are unconfirmed.
    private static let gatherTime = Duration.milliseconds(5)
    /// This many messages wait for no others.
    private static let largestGroup = 64
    /// The time for which messages wait for a connection that was just lost.
    private static let reconnectGrace = Duration.milliseconds(250)
    /// Silence after which the broker is probed.
    private static let probeInterval = Duration.seconds(1)
    /// The broker counts as not answering after this time without a byte, or without a confirm.
    static let answerLimit = Duration.seconds(3)
    /// The time within which the broker may still confirm messages that were sent before it blocked the connection.
    private static let blockedGrace = Duration.seconds(1)

    nonisolated let eventSource: EventSource
    nonisolated let mailbox: PublisherMailbox
    nonisolated let status = ConnectionStatus()
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    private let dialler: Dialler
    private let confirmTimeout: Duration
    private let logger: Logger
    private nonisolated let stuckCallGuard = Mutex<StuckCallGuard?>(nil)
    private var channel: AMQPChannel?
    private var redial = Redial(now: .now)
    private var window = ConfirmWindow()
    private var backlog = Backlog()
    private var arrived: [Submission] = []
    private var blockedSince: ContinuousClock.Instant?
    private var graceEnd: ContinuousClock.Instant?
    /// When the broker last confirmed a message, or got the first of a window.
    private var lastProgress = ContinuousClock.now
    /// When the broker last sent anything.
    private var lastHeard = ContinuousClock.now
    /// Whether a probe was sent since then.
    private var isProbed = false
    private var isStalled = false
    private var stopping: CheckedContinuation<Void, Never>?
    private var isStopped = false

    init(configuration: BrokerConfiguration, confirmTimeout: Duration, thread: EventThread?, logger: Logger) {
        let eventSource = EventSource(name: "amqp-publish", sharing: thread)
        self.eventSource = eventSource
        self.mailbox = PublisherMailbox(eventSource: eventSource)
        self.dialler = Dialler(configuration)
        self.confirmTimeout = confirmTimeout
        self.logger = logger
    }

    /// Begins to connect.
    func start() {
        self.beginGrace(.now)
        self.eventSource.onTurn { [weak self] ready in self?.assumeIsolated { $0.turn(ready) } ?? .wait(.init()) }
    }

    /// Takes no more messages, waits for the outstanding confirms, closes the connection and ends the turns.
    func stop() async {
        guard !self.isStopped, self.stopping == nil else { return }
        self.mailbox.setGate(.shut(.unreachable))
        await withCheckedContinuation { continuation in
            self.stopping = continuation
            self.eventSource.wake()
        }
    }

    /// Cuts a library call that is stuck on the broker; called from another thread.
    nonisolated func cutStuckCall(_ now: ContinuousClock.Instant) {
        self.stuckCallGuard.withLock(\.self)?.cut(after: self.confirmTimeout, now: now)
    }
}

// MARK: Turns

extension PublisherConnection {
    private func turn(_ ready: Readiness) -> EventThread.Turn {
        let now = ContinuousClock.now
        var hasMore = false
        if let channel = self.channel {
            do {
                hasMore = try self.serve(channel, ready, now)
            } catch {
                self.lost(error, now)
            }
        } else {
            self.takeSubmissions(now)
        }
        self.tellOverdue(now)
        self.noteStall(now)
        if self.stopping != nil, self.channel == nil || !(self.window.hasWaiting || self.backlog.hasMessages) {
            self.finish()
            return .wait(.init())
        }
        self.dialIfDue(now)
        if self.mailbox.gather(self.enough) { hasMore = true }
        return hasMore ? .again : .wait(self.nextWait(now))
    }

    /// The number of single messages to send together: as many as are unconfirmed, so that two groups alternate under load.
    private var enough: Int {
        self.channel == nil || self.blockedSince != nil || self.stopping != nil ? 1 : min(max(1, self.window.count), Self.largestGroup)
    }

    private func takeSubmissions(_ now: ContinuousClock.Instant) {
        self.mailbox.take(into: &self.arrived, ifAtLeast: self.enough, orDueBefore: now + self.confirmTimeout - Self.gatherTime)
        self.backlog.append(self.arrived)
        self.arrived.removeAll(keepingCapacity: true)
    }

    /// Reads the broker's frames, fills the window, and sends.
    /// - Returns: Whether more could be sent at once.
    private func serve(_ channel: AMQPChannel, _ ready: Readiness, _ now: ContinuousClock.Instant) throws(BrokerError) -> Bool {
        let isReadable = ready.contains(.readable)
        if isReadable || channel.mayHaveInput { try self.receive(channel, now) }
        try channel.keepAlive(now, didReceive: isReadable)
        if isReadable {
            self.lastHeard = now
            self.isProbed = false
            self.status.heard(now)
        }
        self.takeSubmissions(now)
        try self.fill(channel, now)
        if let probeDeadline, probeDeadline <= now {
            try channel.probe()
            self.isProbed = true
        }
        try channel.flush(now)
        if let deadline = self.progressDeadline, deadline <= now { throw .unreachable("confirms are missing") }
        return self.mayFill(channel)
    }

    private func receive(_ channel: AMQPChannel, _ now: ContinuousClock.Instant) throws(BrokerError) {
        while let event = try channel.nextEvent(epoch: 0) {
            switch event {
            case .acknowledged(let tag, let multiple):
                self.lastProgress = now
                self.window.settle(tag, multiple: multiple, nil)
            case .refused(let tag, let multiple):
                self.lastProgress = now
                self.window.settle(tag, multiple: multiple, .refused)
            case .returned(let exchange, let routingKey, let messageID, let reason):
                // Only debug: the failure goes to the caller, which decides.
                self.logger.debug(
                    "message returned",
                    metadata: ["exchange": "\(exchange)", "routing_key": "\(routingKey)", "message_id": "\(messageID ?? "-")", "reason": "\(reason)"])
                self.window.markReturned(exchange: exchange, routingKey: routingKey, messageID: messageID)
            case .blocked(let reason): self.blocked(reason, now)
            case .unblocked: self.unblocked(now)
            case .connectionClosed(let error):
                channel.confirmClose()
                throw error
            case .channelClosed(let error): throw error
            case .delivered, .consumerCancelled: break
            }
        }
        channel.releaseMemory()
    }

    /// When to probe a silent broker. Never while it blocks publishing: it would not read the probe.
    private var probeDeadline: ContinuousClock.Instant? {
        self.isProbed || self.blockedSince != nil ? nil : self.lastHeard + Self.probeInterval
    }

    /// When confirms are overdue.
    private var stallDeadline: ContinuousClock.Instant? {
        self.window.count == 0 || self.blockedSince != nil ? nil : self.lastProgress + Self.answerLimit
    }

    private func noteStall(_ now: ContinuousClock.Instant) {
        let isStalled = self.stallDeadline.map { $0 <= now } ?? false
        guard isStalled != self.isStalled else { return }
        self.isStalled = isStalled
        self.status.set(isStalled: isStalled)
    }

    /// When to give up a connection without confirms: another node may know a leader that answers.
    private var progressDeadline: ContinuousClock.Instant? {
        self.window.count == 0 || self.blockedSince != nil ? nil : self.lastProgress + self.confirmTimeout * 3
    }

    private func mayFill(_ channel: AMQPChannel) -> Bool {
        self.backlog.hasMessages && self.blockedSince == nil && self.window.count < Self.windowLimit && channel.unsentBytes < Self.outputLimit
    }

    private func fill(_ channel: AMQPChannel, _ now: ContinuousClock.Instant) throws(BrokerError) {
        var published = 0
        if self.window.count == 0 { self.lastProgress = now }
        while self.mayFill(channel), let (message, deadline, reply) = self.backlog.next() {
            // Added first: if publishing throws, this caller fails with all the others.
            self.window.append(message, deadline: deadline, reply: reply)
            guard try channel.publish(message) else {
                self.window.removeLast(.unencodable)
                continue
            }
            published += 1
            // With TLS each publish is sent at once, so the confirms have to be read between.
            if channel.node.usesTLS, published.isMultiple(of: 8) { try self.receive(channel, now) }
        }
    }

    private func tellOverdue(_ now: ContinuousClock.Instant) {
        if let since = self.blockedSince {
            self.window.expire(now, as: .blocked)
            if since + Self.blockedGrace <= now { self.window.expireAll(as: .blocked) }
        } else {
            self.window.expire(now, as: .notConfirmed)
        }
        if self.channel == nil, self.graceEnd.map({ $0 <= now }) ?? true {
            self.backlog.failAll(.unreachable)
        } else {
            self.backlog.expire(now, as: self.channel == nil ? .unreachable : .notConfirmed)
        }
    }

    private func nextWait(_ now: ContinuousClock.Instant) -> EventThread.Wait {
        var deadline = self.redial.nextDeadline
        func consider(_ other: ContinuousClock.Instant?) {
            guard let other else { return }
            deadline = min(deadline ?? other, other)
        }
        consider(self.channel?.nextBeat(after: now))
        consider(self.window.nextDeadline)
        if self.window.hasWaiting { consider(self.blockedSince.map { $0 + Self.blockedGrace }) }
        consider(self.progressDeadline)
        if !self.isStalled { consider(self.stallDeadline) }
        if self.channel != nil { consider(self.probeDeadline) }
        consider(self.backlog.nextDeadline)
        if self.enough > 1 { consider(now + Self.gatherTime) }
        if self.backlog.hasMessages, self.channel == nil { consider(self.graceEnd) }
        return EventThread.Wait(
            descriptor: self.channel?.descriptor ?? -1, events: self.channel?.interest ?? .readable,
            timeout: deadline.map { max(.zero, $0 - now) })
    }
}

// MARK: Connecting and losing the connection

extension PublisherConnection {
    private func dialIfDue(_ now: ContinuousClock.Instant) {
        guard self.redial.begin(now) else { return }
        let dialler = self.dialler
        Task {
            do {
                self.adopt(try await dialler.dial(for: .publishing).channel)
            } catch let error as BrokerError {
                self.dialFailed(error)
            }
        }
    }

    private func adopt(_ channel: AMQPChannel) {
        guard !self.isStopped else { return channel.close() }
        self.redial.succeeded(.now)
        self.eventSource.wake()
        self.lastHeard = .now
        self.isProbed = false
        self.isStalled = false
        self.channel = channel
        self.stuckCallGuard.withLock { $0 = channel.stuckCallGuard }
        self.graceEnd = nil
        if self.stopping == nil { self.mailbox.setGate(.open) }
        self.status.connected()
        self.logger.info("publisher connected", metadata: ["node": "\(channel.node)"])
    }

    private func dialFailed(_ error: BrokerError) {
        guard !self.isStopped else { return }
        self.redial.failed(.now)
        self.eventSource.wake()
        self.status.disconnected(error)
        self.logger.warning("publisher cannot connect", metadata: ["error": "\(error)"])
    }

    private func lost(_ error: BrokerError, _ now: ContinuousClock.Instant) {
        let failure: PublishFailure =
            if self.blockedSince != nil { .blocked } else if error.isOfChannel { .notConfirmed } else { .unreachable }
        let missingExchange = error.missingExchange
        self.window.reset { $0 == missingExchange ? .unroutable : failure }
        self.channel = nil
        self.stuckCallGuard.withLock { $0 = nil }
        self.blockedSince = nil
        self.redial.failed(now)
        self.beginGrace(now)
        self.status.disconnected(error)
        self.logger.warning("publisher lost its connection", metadata: ["error": "\(error)"])
    }

    private func beginGrace(_ now: ContinuousClock.Instant) {
        let end = now + Self.reconnectGrace
        self.graceEnd = end
        if self.stopping == nil { self.mailbox.setGate(.openUntil(end)) }
    }

    private func blocked(_ reason: String, _ now: ContinuousClock.Instant) {
        self.blockedSince = now
        if self.stopping == nil { self.mailbox.setGate(.shut(.blocked)) }
        self.backlog.failAll(.blocked)
        self.logger.warning("the broker blocks publishing", metadata: ["reason": "\(reason)"])
    }

    private func unblocked(_ now: ContinuousClock.Instant) {
        self.blockedSince = nil
        self.lastProgress = now
        self.isProbed = false
        if self.stopping == nil { self.mailbox.setGate(.open) }
        self.logger.info("the broker takes messages again")
    }

    private func finish() {
        self.isStopped = true
        self.takeSubmissions(.now)
        self.backlog.failAll(.unreachable)
        self.window.reset { _ in .unreachable }
        // A broker that does not read would not answer `connection.close` either.
        if let channel = self.channel, self.blockedSince == nil, channel.unsentBytes == 0 { channel.close() }
        self.channel = nil
        self.stuckCallGuard.withLock { $0 = nil }
        self.status.disconnected(.unreachable("stopped"))
        self.eventSource.stop()
        self.stopping?.resume()
        self.stopping = nil
    }
}
