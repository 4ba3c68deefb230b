import Kit
import RabbitMQ
import Shop
import Testing

@Suite struct EnvelopeTests {
    private let id = ID.v7(milliseconds: 1_795_467_845_123)

    private func delivery(_ properties: Properties) -> Delivery {
        Delivery(deliveryTag: 1, epoch: 1, redelivered: false, deliveryCount: 0, exchange: "", routingKey: "", properties: properties, body: [])
    }

    @Test func `an envelope comes back from its properties as it went`() throws {
        var envelope = Envelope(
            messageID: self.id, type: "orders.place", actor: "stripe", schema: 3, traceparent: "00-aa-bb-01", fingerprint: "cafe",
            sentAt: 1_795_467_845_123)
        envelope.causationID = self.id.derived("cause")
        envelope.correlationID = self.id.derived("operation")
        envelope.attempt = 4
        envelope.failure = Envelope.Failure(errorType: "timed_out", error: "no end", firstAt: 1, lastAt: 2)
        let properties = envelope.properties(appID: "orders")
        #expect(try Envelope(self.delivery(properties)) == envelope)
        #expect(
            (properties.contentType, properties.appID, properties.persistent, properties.timestamp) == (
                "application/json", "orders", true, 1_795_467_845
            ))
    }

    @Test func `a message from elsewhere is the first of its chain, by the system, at its first attempt`() throws {
        let envelope = try Envelope(self.delivery(Properties(messageID: "\(self.id)".uppercased(), type: "orders.place", timestamp: 1_795_467_845)))
        #expect(envelope.messageID == self.id)
        #expect(envelope.isRoot)
        #expect((envelope.actor, envelope.schema, envelope.attempt, envelope.sentAt) == ("system", 1, 1, 1_795_467_845_000))
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

    @Test func `what a message emits has the same id each time, and another one at each position`() {
        let envelope = Envelope(messageID: self.id, type: "orders.place", actor: "u", fingerprint: "cafe", sentAt: 1)
        let first = envelope.emitted(type: "order.placed", schema: 2, at: 0, sentAt: 5)
        #expect(first == envelope.emitted(type: "order.placed", schema: 2, at: 0, sentAt: 5))
        #expect(first.messageID != envelope.emitted(type: "order.placed", schema: 2, at: 1, sentAt: 5).messageID)
        #expect((first.causationID, first.correlationID, first.actor, first.attempt) == (self.id, self.id, "u", 1))
        #expect(first.fingerprint == nil && first.failure == nil && !first.isRoot)
    }
}
