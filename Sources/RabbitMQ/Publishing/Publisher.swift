public import EventThread
public import Logging
public import ServiceLifecycle

/// Publishes with confirms over a connection of its own: a message whose publish returns is safe on the broker.
///
/// Many tasks may publish at a time: what they leave while a window of messages is on its way goes out together, in one system call.
/// Each message fails by itself, and at once where waiting is of no use: while there is no connection (unless it was lost a moment ago) and
/// while the broker blocks publishing. A message that fails may be published again under the same id: consumers recognise it.
///
/// Messages of one task that awaits each publish arrive in their order; those of a batch too, as long as none fails.
public final class Publisher: Sendable, Service {
    private let connection: PublisherConnection
    private let confirmTimeout: Duration
    private let usesTLS: Bool

    /// A publisher that connects when it runs.
    /// - Parameters:
    ///   - configuration: The nodes; they are tried in random order.
    ///   - confirmTimeout: How long a publish may take, from the call to the confirm.
    ///   - thread: Where the connection is looked after, with others; nil for a thread of its own.
    ///   - logger: Told of connections that come and go, of blocking, and of messages that come back.
    public init(configuration: BrokerConfiguration, confirmTimeout: Duration = .seconds(5), thread: EventThread? = nil, logger: Logger) {
        self.connection = PublisherConnection(configuration: configuration, confirmTimeout: confirmTimeout, thread: thread, logger: logger)
        self.confirmTimeout = confirmTimeout
        self.usesTLS = configuration.nodes.contains(where: \.usesTLS)
    }

    /// Keeps the connection up until graceful shutdown or cancellation; then waits for the outstanding confirms and closes it. To be
    /// called once.
    public func run() async throws {
        await self.connection.start()
        await withDiscardingTaskGroup { group in
            if self.usesTLS { group.addTask { await self.cutStuckCalls() } }
            try? await gracefulShutdown()
            await self.connection.stop()
            group.cancelAll()
        }
    }

    /// Publishes one message and returns when the broker has confirmed it. Cancellation is not heard: the message may be on its way.
    /// - Throws: ``PublishFailure``, within the confirm timeout.
    public func publish(_ message: Outgoing) async throws(PublishFailure) {
        let failure: PublishFailure? = await withCheckedContinuation { continuation in
            let refusal = self.submit(.single(message, continuation))
            if let refusal { continuation.resume(returning: refusal) }
        }
        if let failure { throw failure }
    }

    /// Publishes messages together and returns when each is confirmed or has failed.
    /// - Returns: For each message, in order, why it failed; nil if it is confirmed.
    public func publish(_ batch: [Outgoing]) async -> [PublishFailure?] {
        guard !batch.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let refusal = self.submit(.batch(batch, continuation))
            if let refusal { continuation.resume(returning: Array(repeating: refusal, count: batch.count)) }
        }
    }

    /// Whether there is a connection.
    public var isConnected: Bool { self.connection.status.isConnected }

    /// Whether the broker has just proved that it works: within the last three seconds it said something (after one of silence it is asked to), and no
    /// message waits for its confirm for longer. A frozen broker is connected for some time yet, and does not answer. While the broker blocks
    /// publishing it takes no question, so being connected is all that is known.
    public var isAnswering: Bool {
        self.isBlocked ? self.isConnected : self.connection.status.isAnswering(at: .now, within: PublisherConnection.answerLimit)
    }

    /// What keeps it from publishing, for a report of readiness: `not connected`, `does not answer`; nil if nothing does.
    public var unreadiness: String? { !self.isConnected ? "not connected" : self.isAnswering ? nil : "does not answer" }

    /// Whether the broker takes no messages (`connection.blocked`: its memory or disk alarm is on). It says so only to those that
    /// publish, and after a message that it still takes.
    public var isBlocked: Bool { self.connection.mailbox.isBlocked }

    /// Returns when there is a connection.
    /// - Throws: ``BrokerError``: why the last attempt failed, after `timeout` or when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws(BrokerError) {
        try await self.connection.status.waitUntilConnected(timeout: timeout)
    }

    private func submit(_ caller: Submission.Caller) -> PublishFailure? {
        let now = ContinuousClock.now
        return self.connection.mailbox.submit(Submission(caller: caller, deadline: now + self.confirmTimeout), now: now)
    }

    /// Over TLS the library may block the connection's thread; then no deadline is heard there.
    private func cutStuckCalls() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            self.connection.cutStuckCall(.now)
        }
    }
}
