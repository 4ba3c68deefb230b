import Fixtures
import RabbitMQ
import Testing

/// Properties and bodies on the way through a real broker.
@Suite struct PropertiesTests {
    private func roundTrip(_ message: Outgoing) async throws -> Delivery {
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { try await $0.publish(message) }
            return try await withConsumer(host.amqpURL, queue: .named("q")) { try await $0.takeAndAcknowledge(1)[0] }
        }
    }

    @Test func `every property and header value survives a round trip`() async throws {
        var properties = Properties(
            messageID: "0195-ü", type: "orders.place", contentType: "application/json", correlationID: "c", appID: "app", timestamp: 1_795_467_845)
        properties.contentEncoding = "identity"
        properties.replyTo = "answers"
        properties.expiration = "60000"
        properties.userID = "test"
        properties.priority = 7
        properties.headers = [
            "text": "grüße \u{1F600}", "empty": "", "long": .string(String(repeating: "x", count: 20_000)), "int": 42, "min": .int(.min),
            "max": .int(.max), "yes": true, "no": false, "double": .double(-0.1), "decimal": .decimal(unscaled: -12_345, scale: 3),
            "time": .timestamp(1_795_467_845), "bytes": .bytes([0, 0xFF, 0x80]), "nothing": .void,
            "table": .table(["a": 1, "inner": .table(["b": .array(["x", 2, .void, .array([])])])]), "array": .array([1, "2", .table([:])]),
        ]
        let delivery = try await self.roundTrip(Outgoing(exchange: "", routingKey: "q", properties: properties, body: Array("{}".utf8)))
        #expect(delivery.properties == properties)
        #expect(delivery.body == Array("{}".utf8))
        #expect((delivery.exchange, delivery.routingKey) == ("", "q"))
        #expect((delivery.redelivered, delivery.deliveryCount, delivery.deliveryTag, delivery.epoch) == (false, 0, 1, 1))
    }

    @Test func `a message may lack all properties and its body`() async throws {
        let delivery = try await self.roundTrip(Outgoing(exchange: "", routingKey: "q", properties: Properties(), body: []))
        #expect(delivery.properties == Properties())
        #expect(delivery.body.isEmpty)
    }

    @Test func `a body of ten mebibytes survives a round trip`() async throws {
        let body = (0..<10 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let delivery = try await self.roundTrip(Outgoing(exchange: "", routingKey: "q", properties: Properties(), body: body))
        #expect(delivery.body == body)
    }

    @Test func `properties that exceed AMQP's limits are refused without harm to the connection`() async throws {
        let (fits, tooLong) = (String(repeating: "a", count: 255), String(repeating: "a", count: 256))
        func message(_ change: (inout Outgoing) -> Void) -> Outgoing {
            var message = Outgoing.text("m")
            change(&message)
            return message
        }
        let bad = [
            message { $0.properties.messageID = tooLong }, message { $0.properties.type = tooLong },
            message { $0.properties.correlationID = tooLong },
            message { $0.properties.appID = tooLong }, message { $0.routingKey = tooLong }, message { $0.exchange = tooLong },
            message { $0.properties.headers = [tooLong: 1] }, message { $0.properties.headers = ["t": .table([tooLong: 1])] },
            message { $0.properties.messageID = String(repeating: "ü", count: 128) },
            // The properties must fit into one frame of 128 KiB.
            message { $0.properties.headers = ["h": .string(String(repeating: "x", count: 131_072))] },
        ]
        try await withQueue { host in
            try await withPublisher(host.amqpURL) { publisher in
                let good = message {
                    $0.properties.messageID = fits
                    $0.properties.type = fits
                }
                let failures = await publisher.publish(bad + [good])
                #expect(failures.dropLast().allSatisfy { $0 == .unencodable })
                #expect(failures.last == .some(nil))
                #expect(publisher.isConnected)
            }
            #expect(try await host.ready() == 1)
        }
    }
}
