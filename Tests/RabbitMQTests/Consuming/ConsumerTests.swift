import Fixtures
import RabbitMQ
import Testing

@Suite struct ConsumerTests {
    private func withMessages<Result>(
        _ count: Int, isolation: isolated (any Actor)? = #isolation, _ body: (VirtualHost) async throws -> Result
    ) async throws -> Result {
        try await withQueue { host in
            let failures = try await withPublisher(host.amqpURL) { await $0.publish(Outgoing.numbered(0..<count)) }
            #expect(failures.allSatisfy { $0 == nil })
            return try await body(host)
        }
    }

    @Test func `unacknowledged messages are redelivered and counted`() async throws {
        try await self.withMessages(10) { host in
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                let deliveries = try await consumer.take(10)
                #expect(deliveries.allSatisfy { !$0.redelivered && $0.deliveryCount == 0 })
                await consumer.acknowledge(deliveries.prefix(4).map(\.deliveryTag), epoch: 1)
            }
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                let deliveries = try await consumer.takeAndAcknowledge(6)
                #expect(deliveries.map(\.text).sorted() == ["4", "5", "6", "7", "8", "9"])
                #expect(deliveries.allSatisfy { $0.redelivered && $0.deliveryCount == 1 })
            }
            #expect(try await host.ready() == 0)
        }
    }

    @Test func `no more messages than the prefetch are unacknowledged`() async throws {
        try await self.withMessages(100) { host in
            try await withConsumer(host.amqpURL, queue: .named("q"), prefetch: 7) { consumer in
                var deliveries = try await consumer.take(7)
                #expect(deliveries.count == 7)
                #expect(try await host.ready() == 93)
                await consumer.acknowledge(deliveries.prefix(3).map(\.deliveryTag), epoch: 1)
                deliveries += try await consumer.take(3)
                #expect(deliveries.count == 10)
                #expect(try await host.ready() == 90)

                await consumer.setPrefetch(20)
                deliveries += try await consumer.take(10)
                // The unacknowledged ones count for their own consumer: 7 of the old one, 20 of the new.
                try await eventually("the new prefetch is used up") { try await host.ready() == 70 }
            }
            try await eventually("all but the acknowledged ones are back") { try await host.ready() == 97 }
        }
    }

    @Test func `acknowledgements in any order settle each delivery once`() async throws {
        try await self.withMessages(1000) { host in
            try await withConsumer(host.amqpURL, queue: .named("q"), prefetch: 1000) { consumer in
                let tags = try await consumer.take(1000).map(\.deliveryTag)
                #expect(tags == Array(1...1000))
                await consumer.acknowledge(500, multiple: true, epoch: 1)
                await consumer.acknowledge(500, multiple: true, epoch: 1)  // repeated
                await consumer.acknowledge(tags[500..<700].reversed(), epoch: 1)
                await consumer.acknowledge(tags[700..<900].shuffled(), epoch: 1)
                await consumer.acknowledge(300, multiple: true, epoch: 1)  // already settled
                await consumer.acknowledge(999, epoch: 1)
                await consumer.acknowledge(5000, epoch: 1)  // never delivered
                await consumer.acknowledge(tags[900..<998].map { $0 }, epoch: 1)
                // The channel is still open: the broker closes one over a tag that is not outstanding.
                try await withPublisher(host.amqpURL) { try await $0.publish(.text("last")) }
                #expect(try await consumer.take(1)[0].epoch == 1)
            }
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer async throws in
                #expect(try await consumer.take(2).map(\.text).sorted() == ["999", "last"])
            }
        }
    }

    @Test func `a consumer whose queue is deleted resumes when the queue exists again`() async throws {
        try await self.withMessages(1) { host in
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                #expect(try await consumer.take(1)[0].epoch == 1)
                try await host.deleteQueue("q")
                try await eventually("it notices") { !consumer.isConnected }
                try await host.declareQueue("q")
                try await withPublisher(host.amqpURL) { try await $0.publish(.text("new")) }
                let delivery = try await consumer.takeAndAcknowledge(1)[0]
                #expect(delivery.text == "new")
                #expect(delivery.epoch == 2)
            }
        }
    }

    @Test func `a lost connection begins an epoch, and acknowledgements of an earlier one are ignored`() async throws {
        try await self.withMessages(3) { host in
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                let first = try await consumer.take(3)
                try await host.closeConnections()
                let second = try await consumer.take(3)
                #expect(first.map(\.epoch) == [1, 1, 1])
                #expect(second.map(\.epoch) == [2, 2, 2])
                #expect(Set(second.map(\.text)) == ["0", "1", "2"])
                await consumer.acknowledge(3, multiple: true, epoch: 1)
                await consumer.acknowledge(first.map(\.deliveryTag), epoch: 1)
                await consumer.acknowledge(second[0].deliveryTag, epoch: 2)
                let events = try await Self.events(of: consumer, 3)
                #expect(events == [.connected(epoch: 1), .disconnected, .connected(epoch: 2)])
            }
            try await eventually("two are back") { try await host.ready() == 2 }
        }
    }

    private static func events(of consumer: Consumer, _ count: Int) async throws -> [ConnectionEvent] {
        var events: [ConnectionEvent] = []
        for await event in consumer.connectionEvents {
            events.append(event)
            if events.count == count { break }
        }
        return events
    }

    @Test func `a consumer that stops taking keeps its deliveries, and resumes`() async throws {
        try await self.withMessages(5) { host in
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                let before = try await consumer.take(5)
                await consumer.stopTaking()
                try await withPublisher(host.amqpURL) { _ = await $0.publish(Outgoing.numbered(5..<10)) }
                #expect(try await host.ready() == 5)
                await consumer.acknowledge(before.map(\.deliveryTag), epoch: 1)
                await consumer.stopTaking()  // repeated
                await consumer.setPrefetch(3)
                #expect(try await host.ready() == 5)
                await consumer.resumeTaking()
                let after = try await consumer.take(3)
                #expect(after.map(\.text) == ["5", "6", "7"])
                #expect(after[0].epoch == 1)
                #expect(try await host.ready() == 2)
            }
            try await eventually("five are left") { try await host.ready() == 5 }
        }
    }

    @Test func `a paused consumer stays paused after a reconnect`() async throws {
        try await self.withMessages(1) { host in
            try await withConsumer(host.amqpURL, queue: .named("q")) { consumer in
                _ = try await consumer.takeAndAcknowledge(1)
                await consumer.stopTaking()
                try await host.closeConnections()
                try await eventually("it notices") { try await Self.events(of: consumer, 2).last == .disconnected }
                try await consumer.waitUntilConnected(timeout: .seconds(20))
                try await withPublisher(host.amqpURL) { try await $0.publish(.text("new")) }
                #expect(try await host.ready() == 1)
                await consumer.resumeTaking()
                #expect(try await consumer.take(1)[0].epoch == 2)
            }
        }
    }

    @Test func `an exclusive queue gets the messages of its bindings, and is deleted with its consumer`() async throws {
        try await withVirtualHost { host in
            try await host.declareExchange("events")
            let source = QueueSource.exclusive(bindings: [("events", "order.*"), ("events", "stock.low")])
            try await withConsumer(host.amqpURL, queue: source) { consumer in
                try await withPublisher(host.amqpURL) { publisher in
                    let messages = ["order.paid", "stock.low", "stock.high", "order.shipped"].map { key in
                        Outgoing(exchange: "events", routingKey: key, mandatory: false, properties: Properties(), body: [])
                    }
                    #expect(await publisher.publish(messages).allSatisfy { $0 == nil })
                    #expect(try await consumer.takeAndAcknowledge(3).map(\.routingKey) == ["order.paid", "stock.low", "order.shipped"])

                    // Declared and bound again on the next connection.
                    try await host.closeConnections(atLeast: 2)
                    try await eventually("it notices") { try await Self.events(of: consumer, 2).last == .disconnected }
                    try await consumer.waitUntilConnected(timeout: .seconds(20))
                    try await publisher.waitUntilConnected(timeout: .seconds(20))
                    try await publisher.publish(messages[0])
                    #expect(try await consumer.takeAndAcknowledge(1)[0].epoch == 2)
                }
            }
        }
    }

    @Test func `the sequence of batches ends with the consumer`() async throws {
        try await self.withMessages(1) { host in
            let configuration = try BrokerConfiguration(urls: host.amqpURL, connectionName: "test")
            let consumer = Consumer(configuration: configuration, queue: .named("q"), prefetch: 10, logger: .silent)
            let all = Task { await consumer.batches.reduce(into: [Delivery]()) { $0 += $1 } }
            try await running(consumer) {
                try await consumer.waitUntilConnected(timeout: .seconds(20))
                try await eventually("it was delivered") { try await host.ready() == 0 }
            }
            #expect(await all.value.count <= 1)
            #expect(!consumer.isConnected)
        }
    }

    @Test func `an inspector reports queues and exchanges`() async throws {
        try await self.withMessages(2) { host in
            let inspector = BrokerInspector(configuration: try .init(urls: host.amqpURL, connectionName: "test"))
            let state = try await inspector.queue("q")
            #expect(state?.messages == 2)
            #expect(state?.consumers == 0)
            #expect(try await inspector.queue("none") == nil)
            #expect(try await inspector.queues(["q", "none"]).keys.sorted() == ["q"])
            #expect(try await inspector.exchangeExists("amq.topic"))
            #expect(try await !inspector.exchangeExists("none"))
        }
    }
}
