import Fixtures
import RabbitMQ
import Synchronization
import Testing

/// Tests with their own brokers, which they kill, stop, freeze and starve.
@Suite struct OutageTests {
    @Test func `confirmed messages survive a power cut`() async throws {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await broker.settle()
            let confirmed = try await withPublisher(host.amqpURL) { publisher in
                // Killed while messages are published.
                let publishing = Task {
                    var confirmed = Set<String>()
                    for start in stride(from: 0, to: 1_000_000, by: 500) {
                        let batch = Outgoing.numbered(start..<start + 500)
                        let failures = await publisher.publish(batch)
                        confirmed.formUnion(zip(batch, failures).filter { $0.1 == nil }.compactMap(\.0.properties.messageID))
                        if failures.contains(where: { $0 != nil }) { return confirmed }
                    }
                    return confirmed
                }
                try await eventually("a few thousand are there") { try await host.ready() ?? 0 > 3000 }
                try await broker.kill()
                return await publishing.value
            }
            #expect(confirmed.count > 3000)
            try await broker.start()
            try await withConsumer(host.amqpURL, queue: .named("q"), prefetch: 2000) { consumer in
                var missing = confirmed
                while !missing.isEmpty { for delivery in try await consumer.takeAndAcknowledge(1) { missing.remove(delivery.text) } }
                #expect(missing.isEmpty)
            }
        }
    }

    @Test func `publisher and consumer recover from a restart of the broker`() async throws {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await withPublisher(host.amqpURL) { publisher in
                try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                    try await publisher.publish(.text("1"))
                    #expect(try await consumer.take(1)[0].epoch == 1)
                    try await broker.restart()
                    try await publisher.waitUntilConnected(timeout: .seconds(30))
                    try await publisher.publish(.text("2"))
                    let deliveries = try await consumer.takeAndAcknowledge(2)
                    #expect(Set(deliveries.map(\.text)) == ["1", "2"])
                    #expect(deliveries.allSatisfy { $0.epoch == 2 })
                }
            }
        }
    }

    @Test func `under a memory alarm publishing fails as blocked at once, consumers go on, and it recovers after the alarm`() async throws {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await Self.expectBlocked(broker, host, url: host.amqpURL)
        }
    }

    static func expectBlocked(_ broker: PrivateBroker, _ host: VirtualHost, url: String, tlsCAFile: String? = nil) async throws {
        try await withPublisher(url, confirmTimeout: .seconds(5), tlsCAFile: tlsCAFile) { publisher in
            try await withConsumer(url, queue: .named("q"), tlsCAFile: tlsCAFile) { consumer in
                try await publisher.publish(.text("before"))
                #expect(try await consumer.takeAndAcknowledge(1)[0].text == "before")
                try await broker.setMemoryAlarm(true)
                // Only the first message makes the broker report it; that one may still be accepted.
                let first = await publisher.publish([.text("first")])[0]
                #expect(first == .blocked || first == nil)
                try await eventually("it is blocked") { publisher.isBlocked }
                let time = await ContinuousClock().measure {
                    for _ in 0..<100 { #expect(await publisher.publish([.text("refused")])[0] == .blocked) }
                }
                #expect(time < .seconds(5))
                #expect(consumer.isConnected)

                try await broker.setMemoryAlarm(false)
                try await eventually("it takes messages again", within: .seconds(20)) { await publisher.publish([.text("after")])[0] == nil }
                #expect(!publisher.isBlocked)
                try await eventually("the consumer sees it") { try await consumer.takeAndAcknowledge(1).contains { $0.text == "after" } }
            }
        }
    }

    @Test func `a frozen broker is detected by its heartbeat, by publishers and by waiters`() async throws {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await withPublisher(host.amqpURL, confirmTimeout: .seconds(1), heartbeat: 1) { publisher in
                try await withConsumer(host.amqpURL, queue: .named("q"), heartbeat: 1) { consumer in
                    try await publisher.publish(.text("1"))
                    _ = try await consumer.takeAndAcknowledge(1)
                    await broker.suspend()
                    let failure = await publisher.publish([.text("2")])[0]
                    #expect(failure == .notConfirmed)
                    try await eventually("both notice", within: .seconds(10)) { !publisher.isConnected && !consumer.isConnected }
                    #expect(await publisher.publish([.text("3")])[0] == .unreachable)
                    await broker.resume()
                    try await publisher.waitUntilConnected(timeout: .seconds(30))
                    try await publisher.publish(.text("4"))
                    // The second may have arrived after all.
                    try await eventually("the consumer is back") { try await consumer.takeAndAcknowledge(1).contains { $0.text == "4" } }
                }
            }
        }
    }

    @Test func `a broker that does not answer is detected within seconds, long before its heartbeat, even by an idle publisher`()
        async throws
    {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            try await host.declareQueue("q")
            try await withPublisher(host.amqpURL, heartbeat: 60) { idle in
                try await withPublisher(host.amqpURL, confirmTimeout: .seconds(20), heartbeat: 60) { busy in
                    #expect(idle.isAnswering && busy.isAnswering)
                    // Longer than a proof is valid: they get new ones.
                    let asleep = ContinuousClock.now + .seconds(4)
                    try await eventually("four seconds are over") {
                        #expect(idle.isAnswering && busy.isAnswering)
                        return ContinuousClock.now >= asleep
                    }
                    await broker.suspend()
                    let sending = Task { await busy.publish([.text("1")])[0] }
                    try await eventually("both notice", within: .seconds(6)) { !idle.isAnswering && !busy.isAnswering }
                    #expect(idle.isConnected && idle.unreadiness == "does not answer")
                    await broker.resume()
                    try await eventually("both notice that it is back", within: .seconds(10)) { idle.isAnswering && busy.isAnswering }
                    #expect(await sending.value == nil)
                    #expect(idle.isConnected && idle.unreadiness == nil)
                }
            }
        }
    }

    @Test func `queues are polled over one connection, also while some are missing or the broker is away`() async throws {
        try await withPrivateBroker { broker in
            let host = try await broker.newVirtualHost()
            for queue in ["a", "b"] { try await host.declareQueue(queue) }
            let inspector = BrokerInspector(configuration: try BrokerConfiguration(urls: host.amqpURL, connectionName: "watch"))
            let looks = Looks()
            let watching = Task { await inspector.watch(["a", "missing", "b"], every: .milliseconds(50), logger: .silent) { looks.add($0) } }
            try await eventually("both are seen") { looks.last?.keys.sorted() == ["a", "b"] }
            try await withPublisher(host.amqpURL) { publisher in _ = await publisher.publish(Outgoing.numbered(0..<3, to: "b")) }
            try await eventually("the depth is seen") { looks.last?["b"]?.messages == 3 && looks.last?["a"]?.messages == 0 }
            try await broker.restart()
            #expect(looks.hasMissed, "while it was away")
            try await eventually("it is looked at again", within: .seconds(30)) { looks.last?["b"]?.messages == 3 }
            watching.cancel()
            await watching.value
        }
    }

    /// The results of the polls.
    private final class Looks: Sendable {
        private let all = Mutex<[[String: QueueState]?]>([])
        var last: [String: QueueState]? { self.all.withLock { $0.last ?? nil } }
        var hasMissed: Bool { self.all.withLock { $0.contains { $0 == nil } } }
        func add(_ look: [String: QueueState]?) { self.all.withLock { $0.append(look) } }
    }

    @Test func `of several nodes, an unreachable one is skipped`() async throws {
        try await withQueue { host in
            // Nodes are tried in random order: each of these meets the dead one first half of the time.
            for _ in 0..<8 {
                let urls = "amqp://test:x@127.0.0.1:\(try Port.free())/\(host.name),\(host.amqpURL)"
                try await withPublisher(urls) { try await $0.publish(.text("m")) }
            }
            #expect(try await host.ready() == 8)
        }
    }
}
