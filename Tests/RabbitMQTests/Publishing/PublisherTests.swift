import Fixtures
import RabbitMQ
import Testing

@Suite struct PublisherTests {
    @Test func `ten thousand messages at once are all confirmed, and arrive once and in order`() async throws {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                let failures = await publisher.publish(Outgoing.numbered(0..<10_000))
                #expect(failures.count == 10_000)
                #expect(failures.allSatisfy { $0 == nil })
            }
            try await withConsumer(host.amqpURL, queue: .named("q"), prefetch: 2000) { consumer in
                var texts: [String] = []
                while texts.count < 10_000 { texts += try await consumer.takeAndAcknowledge(1).map(\.text) }
                #expect(texts == (0..<10_000).map { "\($0)" })
            }
            #expect(try await host.ready() == 0)
        }
    }

    @Test func `a thousand tasks publish side by side, and each gets its own result`() async throws {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<1000 {
                        group.addTask {
                            if number.isMultiple(of: 10) {
                                await #expect(throws: PublishFailure.unroutable) { try await publisher.publish(.text("\(number)", to: "nowhere")) }
                            } else {
                                try await publisher.publish(.text("\(number)"))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await host.ready() == 900)
        }
    }

    @Test func `a single message beside a large batch is confirmed, too`() async throws {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                async let batch = publisher.publish(Outgoing.numbered(0..<5000))
                // Fewer than are unconfirmed at that time, and no further ones come.
                try await publisher.publish(.text("last"))
                #expect(await batch.allSatisfy { $0 == nil })
            }
            #expect(try await host.ready() == 5001)
        }
    }

    @Test func `a mandatory message without a queue is unroutable, another is dropped`() async throws {
        try await withQueue { host in
            try await host.declareExchange("events")
            try await withPublisher(host.amqpURL) { publisher in
                let unheard = Outgoing(exchange: "events", routingKey: "x", mandatory: false, properties: Properties(), body: [1])
                var heard = unheard
                heard.mandatory = true
                let failures = await publisher.publish([.text("1"), .text("lost", to: "nowhere"), .text("2"), unheard, heard, .text("3")])
                #expect(failures == [nil, .unroutable, nil, nil, .unroutable, nil])
                // Each of several equal messages is reported.
                let same = await publisher.publish(Array(repeating: .text("lost", to: "nowhere"), count: 5))
                #expect(same == Array(repeating: .unroutable, count: 5))
            }
            #expect(try await host.ready() == 3)
        }
    }

    @Test func `publishing to a missing exchange is unroutable, and the publisher recovers`() async throws {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                let lost = Outgoing(exchange: "nothing", routingKey: "q", properties: Properties(messageID: "lost"), body: [1])
                await #expect(throws: PublishFailure.unroutable) { try await publisher.publish(lost) }
                try await publisher.waitUntilConnected(timeout: .seconds(10))
                try await publisher.publish(.text("1"))
                // The closed channel takes its other messages along; none of them is reported as unroutable.
                let failures = await publisher.publish([.text("2"), lost, .text("3")])
                #expect(failures[1] == .unroutable)
                #expect(failures[0] == nil || failures[0] == .notConfirmed)
                #expect(failures[2] == nil || failures[2] == .notConfirmed)
            }
        }
    }

    @Test func `a full queue refuses messages, and accepts them again when there is room`() async throws {
        try await withQueue { host in
            try await host.setPolicy("full", pattern: "^q$", definition: #"{"max-length":5,"overflow":"reject-publish"}"#)
            try await withPublisher(host.amqpURL) { publisher in
                var confirmed = 0
                try await eventually("the queue refuses") {
                    let failure = await publisher.publish([.text("m")])[0]
                    if failure == nil { confirmed += 1 }
                    return failure == .refused
                }
                // The limit is exceeded by one or two messages (RabbitMQ's documentation of `reject-publish`).
                #expect((5...8).contains(confirmed))
                #expect(publisher.isConnected)
                try await host.purgeQueue("q")
                try await eventually("there is room") { await publisher.publish([.text("m")])[0] == nil }
            }
        }
    }

    @Test func `without a broker a publish fails at once`() async throws {
        let port = try Port.free()
        let configuration = try BrokerConfiguration(urls: "amqp://test:hunter2@127.0.0.1:\(port)", connectionName: "test")
        let publisher = Publisher(configuration: configuration, logger: .silent)
        await #expect(throws: PublishFailure.unreachable) { try await publisher.publish(.text("1")) }
        try await running(publisher) {
            let error = await #expect(throws: BrokerError.self) { try await publisher.waitUntilConnected(timeout: .seconds(1)) }
            #expect(error?.kind == .unreachable)
            #expect(error.map { "\($0)".contains("\(port)") && !"\($0)".contains("hunter2") } == true)
            let time = await ContinuousClock().measure {
                await #expect(throws: PublishFailure.unreachable) { try await publisher.publish(.text("1")) }
                #expect(await publisher.publish(Outgoing.numbered(0..<3)) == [.unreachable, .unreachable, .unreachable])
            }
            #expect(time < .seconds(5))
        }
        await #expect(throws: PublishFailure.unreachable) { try await publisher.publish(.text("1")) }
    }

    @Test func `on stopping, outstanding messages are confirmed first`() async throws {
        try await withQueue { host in
            let publisher = Publisher(configuration: try .init(urls: host.amqpURL, connectionName: "test"), logger: .silent)
            let published = try await running(publisher) {
                try await publisher.waitUntilConnected(timeout: .seconds(20))
                let task = Task { await publisher.publish(Outgoing.numbered(0..<5000)) }
                try await eventually("they are on their way") { try await host.ready() ?? 0 > 0 }
                return task
            }
            #expect(await published.value.allSatisfy { $0 == nil })
            #expect(try await host.ready() == 5000)
        }
    }

    @Test func `after an administrator closed the connection, unconfirmed messages fail and can be sent again`() async throws {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                var left = Outgoing.numbered(0..<20_000)
                let closing = Task { try await host.closeConnections() }
                var rounds = 0
                while !left.isEmpty {
                    rounds += 1
                    let failures = await publisher.publish(left)
                    #expect(failures.allSatisfy { $0 == nil || $0 == .unreachable })
                    left = zip(left, failures).filter { $0.1 != nil }.map(\.0)
                    if !left.isEmpty { try await publisher.waitUntilConnected(timeout: .seconds(20)) }
                }
                try await closing.value
                // Whether it was cut before or after the messages, it has reconnected.
                try await publisher.waitUntilConnected(timeout: .seconds(20))
                try await publisher.publish(.text("last"))
            }
            // At least once: a message whose confirm was lost may be there twice.
            #expect(try await host.ready() ?? 0 >= 20_001)
        }
    }

    @Test func `a wrong login or virtual host is reported without the password`() async throws {
        let broker = try await PrivateBroker.shared()
        for url in ["amqp://test:hunter2@127.0.0.1:\(broker.amqpPort)/", broker.url(virtualHost: "none")] {
            let publisher = Publisher(configuration: try .init(urls: url, connectionName: "test"), logger: .silent)
            try await running(publisher) {
                let error = await #expect(throws: BrokerError.self) { try await publisher.waitUntilConnected(timeout: .seconds(2)) }
                #expect(error?.kind == .accessRefused)
                #expect(error?.isRetriable == false)
                #expect(error.map { "\($0)".contains("hunter2") } == false)
            }
        }
    }
}
