public import EventThread
public import Logging
public import ServiceLifecycle

/// Publishes with confirms over its own connection: a message is safe on the broker when its publish returns.
///
/// Many tasks may publish at a time: messages that gather while a window is unconfirmed go out together, in one system call.
/// Each message fails separately, and at once where waiting is pointless: without a connection (unless it was lost a moment ago), and
/// while the broker blocks publishing. A failed message may be published again under the same id: consumers recognise it.
///
/// Messages of one task that awaits each publish keep their order; so do those of a batch, as long as none fails.
public final class Publisher: Sendable, Service {
    private let connection: PublisherConnection
    private let confirmTimeout: Duration
    private let usesTLS: Bool

    /// A publisher that connects when it runs.
    /// - Parameters:
    ///   - configuration: The nodes; they are tried in random order.
    ///   - confirmTimeout: How long a publish may take, from the call to the confirm.
    ///   - thread: Runs the connection, and others beside it; nil for a thread of its own.
    ///   - logger: For connections that come and go, blocking, and returned messages.
    public init(configuration: BrokerConfiguration, confirmTimeout: Duration = .seconds(5), thread: EventThread? = nil, logger: Logger) {
        self.connection = PublisherConnection(configuration: configuration, confirmTimeout: confirmTimeout, thread: thread, logger: logger)
        self.confirmTimeout = confirmTimeout
        self.usesTLS = configuration.nodes.contains(where: \.usesTLS)
    }

    /// Keeps the connection up until graceful shutdown or cancellation; then waits for the outstanding confirms and closes it. Call it
    /// once.
    public func run() async throws {
        await self.connection.start()
        await withDiscardingTaskGroup { group in
            if self.usesTLS { group.addTask { await self.cutStuckCalls() } }
            try? await gracefulShutdown()
            await self.connection.stop()
            group.cancelAll()
        }
    }

    /// Publishes one message and returns when the broker has confirmed it. Ignores cancellation: the message may be on its way.
    /// - Throws: ``PublishFailure``, within the confirm timeout.
    public func publish(_ message: Outgoing) async throws(PublishFailure) {
        let failure: PublishFailure? = await withCheckedContinuation { continuation in
            let refusal = self.submit(.single(message, continuation))
            if let refusal { continuation.resume(returning: refusal) }
        }
        if let failure { throw failure }
    }

    /// Publishes messages together and returns when each is confirmed or has failed.
    /// - Returns: For each message, in order, its failure; nil if it is confirmed.
    public func publish(_ batch: [Outgoing]) async -> [PublishFailure?] {
        guard !batch.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let refusal = self.submit(.batch(batch, continuation))
            if let refusal { continuation.resume(returning: Array(repeating: refusal, count: batch.count)) }
        }
    }

    /// Whether there is a connection.
    public var isConnected: Bool { self.connection.status.isConnected }

    /// Whether the broker has proved in the last three seconds that it works: it sent something (after a second of silence the publisher
    /// probes it), and no confirm is overdue for longer. This detects a frozen broker before its connection breaks.
    /// While the broker blocks publishing it cannot be probed, so the connection alone counts.
    public var isAnswering: Bool {
        self.isBlocked ? self.isConnected : self.connection.status.isAnswering(at: .now, within: PublisherConnection.answerLimit)
    }

    /// The reason if the publisher is not ready: `not connected` or `does not answer`; nil if it is ready.
    public var unreadiness: String? { !self.isConnected ? "not connected" : self.isAnswering ? nil : "does not answer" }

    /// Whether the broker accepts no messages (`connection.blocked`: its memory or disk alarm is on). It announces this only after a
    /// message, which it still accepts.
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

    /// With TLS, the library may block the connection's thread, which then watches no deadline.
    private func cutStuckCalls() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            self.connection.cutStuckCall(.now)
        }
    }
}
