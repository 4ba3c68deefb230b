public import Logging
public import ServiceLifecycle

/// Publishes with confirms over a connection of its own: a publish that returns is on the broker's disks.
public final class Publisher: Sendable, Service {
    /// A publisher that connects when it runs.
    public init(configuration: BrokerConfiguration, confirmTimeout: Duration = .seconds(5), logger: Logger) {}

    /// Keeps the connection up until graceful shutdown or cancellation, then waits for outstanding confirms and closes it.
    public func run() async throws {}

    /// Publishes one message and returns when the broker has confirmed it.
    public func publish(_ message: Outgoing) async throws(PublishFailure) { throw .unreachable }

    /// Publishes all messages in one window and returns when each is confirmed or has failed.
    /// - Returns: For each message, in order, why it failed; nil if it is confirmed.
    public func publish(_ batch: [Outgoing]) async -> [PublishFailure?] { batch.map { _ in .unreachable } }

    /// Whether there is a connection.
    public var isConnected: Bool { false }

    /// Whether the broker has said that it takes no messages (`connection.blocked`).
    public var isBlocked: Bool { false }

    /// Returns when there is a connection.
    /// - Throws: ``BrokerError``: why the last attempt failed, after `timeout` or when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws(BrokerError) {}
}
