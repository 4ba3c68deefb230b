/// Queries queues and exchanges by passive declares, each on a short-lived connection. Creates nothing.
public struct BrokerInspector: Sendable {
    let configuration: BrokerConfiguration

    /// An inspector that connects for each query.
    public init(configuration: BrokerConfiguration) { self.configuration = configuration }

    /// The queue's state; nil if there is no such queue.
    /// - Throws: ``BrokerError`` if the broker does not answer, or the queue is exclusive to another connection.
    public func queue(_ name: String) async throws(BrokerError) -> QueueState? {
        try await Self.absentIfNotFound { () async throws(BrokerError) in
            try await Dialler(self.configuration).ask { channel throws(BrokerError) in try channel.inspectQueue(name) }
        }
    }

    /// The states of several queues, over one connection; queues that do not exist are left out.
    /// - Throws: ``BrokerError`` if the broker does not answer.
    public func queues(_ names: [String]) async throws(BrokerError) -> [String: QueueState] {
        do {
            return try await Dialler(self.configuration).ask { channel throws(BrokerError) in
                var states: [String: QueueState] = [:]
                for name in names { states[name] = try channel.inspectQueue(name) }
                return states
            }
        } catch {
            guard error.code == .notFound else { throw error }
        }
        // A query for a missing queue closes the channel, so ask for each on its own connection.
        var states: [String: QueueState] = [:]
        for name in names { states[name] = try await self.queue(name) }
        return states
    }

    /// Whether the queue exists.
    /// - Throws: ``BrokerError`` if the broker does not answer.
    public func queueExists(_ name: String) async throws(BrokerError) -> Bool { try await self.queue(name) != nil }

    /// Whether the exchange exists.
    /// - Throws: ``BrokerError`` if the broker does not answer.
    public func exchangeExists(_ name: String) async throws(BrokerError) -> Bool {
        try await Self.absentIfNotFound { () async throws(BrokerError) in
            try await Dialler(self.configuration).ask { channel throws(BrokerError) in try channel.inspectExchange(name) }
        } != nil
    }

    private static func absentIfNotFound<Answer: Sendable>(
        _ question: () async throws(BrokerError) -> Answer
    ) async throws(BrokerError) -> Answer? {
        do {
            return try await question()
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}

extension Dialler {
    /// Connects, runs the query and disconnects.
    fileprivate func ask<Answer: Sendable>(
        _ question: @Sendable (AMQPChannel) throws(BrokerError) -> Answer
    ) throws(BrokerError) -> Answer {
        let channel = try self.dial(for: .inspecting).channel
        let answer = try question(channel)
        channel.close()
        return answer
    }
}
