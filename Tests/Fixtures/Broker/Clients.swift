import Logging
public import RabbitMQ
public import ServiceLifecycle

/// Runs a service while `body` runs, and awaits its end.
public func running<Result>(
    _ service: some Service, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async throws -> Result {
    let task = Task { try await service.run() }
    do {
        let result = try await body()
        task.cancel()
        try await task.value
        return result
    } catch {
        task.cancel()
        try? await task.value
        throw error
    }
}

/// A connected publisher.
public func withPublisher<Result>(
    _ urls: String, confirmTimeout: Duration = .seconds(10), tlsCAFile: String? = nil, heartbeat: Int = 10,
    isolation: isolated (any Actor)? = #isolation, _ body: (Publisher) async throws -> Result
) async throws -> Result {
    let configuration = try BrokerConfiguration(urls: urls, connectionName: "test publisher", tlsCAFile: tlsCAFile, heartbeat: heartbeat)
    let publisher = Publisher(configuration: configuration, confirmTimeout: confirmTimeout, logger: .silent)
    return try await running(publisher) {
        try await publisher.waitUntilConnected(timeout: .seconds(20))
        return try await body(publisher)
    }
}

/// A connected consumer of one queue.
public func withConsumer<Result>(
    _ urls: String, queue: QueueSource, prefetch: Int = 100, tlsCAFile: String? = nil, heartbeat: Int = 10,
    isolation: isolated (any Actor)? = #isolation, _ body: (Consumer) async throws -> Result
) async throws -> Result {
    let configuration = try BrokerConfiguration(urls: urls, connectionName: "test consumer", tlsCAFile: tlsCAFile, heartbeat: heartbeat)
    let consumer = Consumer(configuration: configuration, queue: queue, prefetch: prefetch, logger: .silent)
    return try await running(consumer) {
        try await consumer.waitUntilConnected(timeout: .seconds(20))
        return try await body(consumer)
    }
}

extension Consumer {
    /// Takes deliveries until there are `count`.
    public func take(_ count: Int, within limit: Duration = .seconds(30)) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery].self) { group in
            group.addTask {
                var taken: [Delivery] = []
                for await batch in self.batches {
                    taken += batch
                    if taken.count >= count { return taken }
                }
                throw FixtureError("\(taken.count) deliveries came, not \(count)")
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw FixtureError("\(count) deliveries did not come within \(limit)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    /// Takes `count` deliveries and acknowledges them.
    public func takeAndAcknowledge(_ count: Int, within limit: Duration = .seconds(30)) async throws -> [Delivery] {
        let deliveries = try await self.take(count, within: limit)
        for delivery in deliveries { await self.acknowledge(delivery.deliveryTag, epoch: delivery.epoch) }
        return deliveries
    }
}

extension VirtualHost {
    /// The result of a passive declare; nil if the queue does not exist.
    public func state(_ queue: String) async throws -> QueueState? {
        let configuration = try BrokerConfiguration(urls: self.amqpURL, connectionName: "test inspector")
        return try await BrokerInspector(configuration: configuration).queue(queue)
    }

    /// Ready messages in a queue; nil if the queue does not exist.
    public func ready(_ queue: String = "q") async throws -> Int? { try await self.state(queue)?.messages }
}
