import RabbitMQ
import Shop
import Testing

@testable import Conveyor

@Suite struct EnvelopeTests {
    private let id = ID.v7(milliseconds: 1_795_467_845_123)
    private let now: Int64 = 1_795_467_900_000

    private func delivery(_ properties: Properties) -> Delivery {
        Delivery(deliveryTag: 1, epoch: 1, redelivered: false, deliveryCount: 0, exchange: "", routingKey: "", properties: properties, body: [])
    }

    @Test func `an envelope survives a round trip through its properties`() throws {
        var envelope = Envelope(
            messageID: self.id, type: "orders.place", actor: "stripe", schema: 3,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", fingerprint: "cafe",
            sentAt: 1_795_467_845_123)
        envelope.causationID = self.id.derived("cause")
        envelope.correlationID = self.id.derived("operation")
        envelope.attempt = 4
        envelope.failure = Envelope.Failure(errorType: "timed_out", error: "no end", firstAt: 1_795_467_845_001, lastAt: 1_795_467_846_000)
        let properties = envelope.properties(appID: "orders")
        #expect(try Envelope(self.delivery(properties), receivedAt: self.now) == envelope)
        #expect(
            (properties.contentType, properties.appID, properties.persistent, properties.timestamp) == (
                "application/json", "orders", true, 1_795_467_845
            ))
    }

    @Test func `a foreign message is the first of its chain, from the system, at its first attempt`() throws {
        let envelope = try Envelope(
            self.delivery(Properties(messageID: "\(self.id)".uppercased(), type: "orders.place", timestamp: 1_795_467_845)), receivedAt: self.now)
        #expect(envelope.messageID == self.id)
        #expect(envelope.isRoot)
        #expect((envelope.actor, envelope.schema, envelope.attempt, envelope.sentAt) == ("system", 1, 1, 1_795_467_845_123))
        #expect(envelope.failure == nil)
    }

    @Test func `headers of a wrong type or out of range do no harm`() throws {
        let properties = Properties(
            messageID: "\(self.id)", type: "t", correlationID: "none",
            headers: [
                "attempt": .int(.min), "schema": "three", "actor": 7, "causation-id": .bytes([0xFF]), "fingerprint": .void, "traceparent": true,
            ])
        let envelope = try Envelope(self.delivery(properties))
        #expect((envelope.attempt, envelope.schema, envelope.actor) == (1, 1, "system"))
        #expect(envelope.causationID == nil)
        #expect(envelope.correlationID == self.id)
    }

    @Test func `usual values are left out, and assumed where they are missing`() throws {
        let root = Envelope(messageID: self.id, type: "orders.place", actor: "stripe", sentAt: 1_795_467_845_123)
        let properties = root.properties(appID: "ingress")
        #expect(properties.headers == ["actor": "stripe"])
        #expect(properties.correlationID == nil)
        #expect(try Envelope(self.delivery(properties), receivedAt: self.now) == root)

        let next = root.emitted(type: "order.placed", schema: 1, at: 0, sentAt: 1_795_467_845_200)
        #expect(Set(next.properties(appID: "orders").headers.keys) == ["actor", "causation-id", "timestamp_in_ms"])
        #expect(try Envelope(self.delivery(next.properties(appID: "orders")), receivedAt: self.now) == next)
    }

    @Test func `the headers of the first version are accepted as well`() throws {
        let properties = Properties(
            messageID: "\(self.id)", type: "orders.place", contentType: "application/json", correlationID: "\(self.id)", appID: "ingress",
            timestamp: 1_795_467_845, headers: ["actor": "stripe", "schema": 1, "attempt": 1, "timestamp_in_ms": 1_795_467_845_123])
        let envelope = Envelope(messageID: self.id, type: "orders.place", actor: "stripe", sentAt: 1_795_467_845_123)
        #expect(try Envelope(self.delivery(properties), receivedAt: self.now) == envelope)
    }

    @Test(arguments: [.min, -1, 0, 1, 1_577_836_799, 1_795_554_301, 1_795_467_845_123, 1_795_467_845_123_456_789, .max] as [Int64])
    func `an impossible time is replaced by the time of receipt`(seconds: Int64) throws {
        let milliseconds = seconds.multipliedReportingOverflow(by: 1000).partialValue
        for id in [self.id, .v7(milliseconds: 0), .v7(milliseconds: UInt64.max >> 16), ID(high: 0, low: 0)] {
            for properties in [
                Properties(messageID: "\(id)", type: "t", timestamp: seconds),
                Properties(messageID: "\(id)", type: "t", timestamp: 1_795_467_845, headers: ["timestamp_in_ms": .int(seconds)]),
                Properties(messageID: "\(id)", type: "t", headers: ["timestamp_in_ms": .int(milliseconds == seconds ? .min : milliseconds)]),
            ] where properties.headers["timestamp_in_ms"] != 1_795_467_845_123 {
                #expect(try Envelope(self.delivery(properties), receivedAt: self.now).sentAt == self.now)
            }
        }
    }

    @Test func `a time within a day of ours is accepted`() throws {
        for milliseconds in [1_577_836_800_000, self.now - 86_400_000 * 365, self.now + 60_000, self.now + 86_400_000] {
            let properties = Properties(messageID: "\(self.id)", type: "t", timestamp: 7, headers: ["timestamp_in_ms": .int(milliseconds)])
            #expect(try Envelope(self.delivery(properties), receivedAt: self.now).sentAt == milliseconds)
        }
    }

    @Test func `texts are bounded, and without NUL`() throws {
        let properties = Properties(
            messageID: "\(self.id)", type: "t",
            headers: [
                "actor": .string(String(repeating: "é", count: 70_000)), "error-type": "a\0b", "error": .string(String(repeating: "\0", count: 9000)),
                "fingerprint": "not hexadecimal", "traceparent": .string(String(repeating: "0", count: 55)), "attempt": .int(.max),
                "schema": .int(.max),
            ])
        let envelope = try Envelope(self.delivery(properties), receivedAt: self.now)
        #expect(envelope.actor == String(repeating: "é", count: 64))
        #expect((envelope.fingerprint, envelope.traceparent) == (nil, nil))
        #expect((envelope.attempt, envelope.schema) == (Int(Int16.max), Int(Int32.max)))
        let failure = try #require(envelope.failure)
        #expect(failure.errorType == "a\u{fffd}b")
        #expect(failure.error.utf8.count <= 2000 && !failure.error.utf8.contains(0))
        #expect((failure.firstAt, failure.lastAt) == (self.now, self.now))
    }

    @Test func `an emitted message has the same id each time, and another one at each position`() {
        let envelope = Envelope(messageID: self.id, type: "orders.place", actor: "u", fingerprint: "cafe", sentAt: 1)
        let first = envelope.emitted(type: "order.placed", schema: 2, at: 0, sentAt: 5)
        #expect(first == envelope.emitted(type: "order.placed", schema: 2, at: 0, sentAt: 5))
        #expect(first.messageID != envelope.emitted(type: "order.placed", schema: 2, at: 1, sentAt: 5).messageID)
        #expect((first.causationID, first.correlationID, first.actor, first.attempt) == (self.id, self.id, "u", 1))
        #expect(first.fingerprint == nil && first.failure == nil && !first.isRoot)
    }
}
