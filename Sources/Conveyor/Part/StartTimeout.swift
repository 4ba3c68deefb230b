public import Logging
public import ServiceLifecycle

/// Ends the process with `Unavailable` if it is still not ready after `START_TIMEOUT`. Later outages do not end it.
public struct StartTimeout: Service {
    private let timeout: Duration
    private let logger: Logger
    private let unready: @Sendable () async -> [String]

    /// - Parameters:
    ///   - settings: `START_TIMEOUT`.
    ///   - unready: the unreachable services, e.g. `broker: connection refused`; empty if there are none.
    /// - Throws: if the setting is not a number.
    public init(settings: Settings, logger: Logger, unready: @escaping @Sendable () async -> [String]) throws(SettingError) {
        self.timeout = try settings.seconds("START_TIMEOUT")
        self.logger = logger
        self.unready = unready
    }

    /// Returns at graceful shutdown.
    /// - Throws: `Unavailable`.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.wait() }
        try? await gracefulShutdown()
    }

    private func wait() async throws {
        let began = ContinuousClock.now
        while case let unready = await self.unready(), !unready.isEmpty {
            guard ContinuousClock.now - began < self.timeout else { throw Unavailable(unready.joined(separator: "; ")) }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
        self.logger.info("ready", metadata: ["ms": .stringConvertible((ContinuousClock.now - began).wholeMilliseconds)])
    }
}
