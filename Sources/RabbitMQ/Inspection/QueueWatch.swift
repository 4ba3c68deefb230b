import EventThread
public import Logging

extension BrokerInspector {
    /// Polls queues over one connection; ends when the task is cancelled.
    /// - Parameters:
    ///   - names: queues that do not exist are left out and queried again only after ten seconds: each such query costs the connection.
    ///   - interval: between two polls.
    ///   - body: receives the result of each poll; nil if the broker did not answer.
    public func watch(
        _ names: [String], every interval: Duration, logger: Logger, _ body: @Sendable ([String: QueueState]?) -> Void
    ) async {
        let inquiry = Inquiry(self.configuration)
        var isAway = false
        while !Task.isCancelled {
            do throws(BrokerError) {
                body(try await inquiry.look(at: names))
                isAway = false
            } catch {
                body(nil)
                if !isAway { logger.warning("the queues cannot be read", metadata: ["error": "\(error)"]) }
                isAway = true
            }
            try? await Task.sleep(for: interval)
        }
        await inquiry.end()
    }
}

/// A connection for queries on its own thread: an answer may take seconds.
private actor Inquiry {
    private static let patienceWithMissing = Duration.seconds(10)

    private nonisolated let thread = EventThread(name: "amqp-inspect")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }
    private let configuration: BrokerConfiguration
    private var channel: AMQPChannel?
    private var missing: [String: ContinuousClock.Instant] = [:]

    init(_ configuration: BrokerConfiguration) { self.configuration = configuration }

    func look(at names: [String]) async throws(BrokerError) -> [String: QueueState] {
        var states: [String: QueueState] = [:]
        for name in names {
            if let since = self.missing[name], ContinuousClock.now < since + Self.patienceWithMissing { continue }
            do throws(BrokerError) {
                let channel = try await self.connected()
                states[name] = try channel.inspectQueue(name)
                channel.releaseMemory()
                self.missing[name] = nil
            } catch {
                // Any error closes the channel, which is the connection's only one.
                self.channel = nil
                guard error.code == .notFound else { throw error }
                self.missing[name] = .now
            }
        }
        return states
    }

    func end() {
        self.channel?.close()
        self.channel = nil
        self.thread.stop()
    }

    private func connected() async throws(BrokerError) -> AMQPChannel {
        if let channel { return channel }
        let channel = try await Dialler(self.configuration).dial(for: .inspecting).channel
        self.channel = channel
        return channel
    }
}
