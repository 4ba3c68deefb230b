import Fixtures
import RabbitMQ
import Shop
import Testing

@testable import Conveyor

@Suite struct WorkerTraceTests {
    private let given = TraceContext.elsewhere(sampled: true)

    @Test func `handling, transaction, call to Stripe and publishing are one trace, which emitted messages continue`()
        async throws
    {
        try await PaymentsRig.run {
            ["OTEL_EXPORTER_OTLP_ENDPOINT": $0.url, "SENTRY_DSN": $0.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1", "ENVIRONMENT": "test"]
        } _: { rig in
            let order = try await rig.order()
            let message = rig.message("payments.create_intent", traceparent: self.given.traceparent, body: #"{"order_id":"\#(order)"}"#)
            try await rig.publisher.publish(message)
            let event = try await rig.nextEvent()
            try await eventually("the trace") { try rig.watcher.spans.contains { $0.name == "process payments.create_intent" } }

            // The worker's own polling of Stripe has separate traces.
            let spans = try rig.watcher.spans.filter { $0.traceID == self.given.traceID }
            #expect(spans.allSatisfy { $0.resource["service.name"] == "payments-worker" })
            #expect(Set(spans.map(\.spanID)).count == spans.count)
            let process = try #require(spans.last)
            #expect((process.name, process.kind, process.parentID) == ("process payments.create_intent", 5, "b7ad6b7169203331"))
            #expect(process.attributes["conveyor.outcome"] == "succeeded")
            #expect(process.attributes["messaging.message.id"] == message.properties.messageID)
            #expect(process.attributes["messaging.destination.name"] == "payments")
            #expect(process.attributes["conveyor.queue_ms"].flatMap { Int($0) } != nil)
            let steps = spans.dropLast()
            #expect(steps.map(\.name) == ["stripe POST /v1/payment_intents", "transaction", "publish"])
            #expect(steps.map(\.kind) == [3, 3, 4])
            #expect(steps.allSatisfy { $0.parentID == process.spanID && process.start <= $0.start && $0.end <= process.end })
            #expect(steps.first?.attributes["http.response.status_code"] == "200")
            #expect(
                event.properties.headers["traceparent"] == .string("00-\(self.given.traceID)-\(process.spanID)-01"))

            let transaction = try await eventualValue("the transaction") {
                try rig.watcher.items("transaction").first { $0["contexts", "trace", "trace_id"]?.text == self.given.traceID }
            }
            #expect(transaction["transaction"]?.text == "process payments.create_intent")
            #expect(transaction["contexts", "trace", "span_id"]?.text == process.spanID)
            #expect(transaction["spans"]?.array?.count == 3)
            #expect(transaction["tags", "part"]?.text == "payments-worker")

            // One line per message, with the ids of its chain.
            let line = try #require(rig.worker.output.split(separator: "\n").first { $0.contains(#""message":"payments.create_intent handled""#) })
            let fields = try Document(line.utf8)
            #expect(fields["order_id"]?.text == order.description)
            #expect(fields["user_id"]?.text == rig.user.description)
            #expect(fields["message_id"]?.text == message.properties.messageID)
            #expect(fields["operation_id"]?.text == message.properties.messageID)
            #expect(fields["traceparent"]?.text == "00-\(self.given.traceID)-\(process.spanID)-01")
        }
    }

    @Test func `an unrecorded message keeps the traceparent that it came with`() async throws {
        let unsampled = TraceContext.elsewhere(sampled: false).traceparent
        try await PaymentsRig.run {
            ["OTEL_EXPORTER_OTLP_ENDPOINT": $0.url]
        } _: { rig in
            let order = try await rig.order()
            try await rig.publisher.publish(rig.message("payments.create_intent", traceparent: unsampled, body: #"{"order_id":"\#(order)"}"#))
            #expect(try await rig.nextEvent().properties.headers["traceparent"] == .string(unsampled))
            // The worker exports its remaining spans at its end.
            try await rig.worker.stop()
            // Except its own polling, which no message has caused.
            #expect(try rig.watcher.spans.allSatisfy { $0.name == "stripe GET /v1/events" })
        }
    }

    @Test func `recorded spans are exported before the worker's end`() async throws {
        try await PaymentsRig.run {
            ["OTEL_EXPORTER_OTLP_ENDPOINT": $0.url, "SENTRY_DSN": $0.dsn]
        } _: { rig in
            try await rig.publisher.publish(rig.message("payments.create_intent", traceparent: self.given.traceparent, body: "nonsense"))
            try await rig.worker.waits(for: "is a dead letter")
            try await rig.worker.stop()
            let span = try #require(try rig.watcher.spans.first { $0.traceID == self.given.traceID })
            #expect((span.attributes["conveyor.outcome"], span.status?["code"]?.integer) == ("dead", 2))
            let event = try #require(try rig.watcher.items("event").first)
            #expect(event["tags", "error_type"]?.text == "undecodable")
            #expect(event["tags", "queue"]?.text == "payments")
            #expect(event["tags", "type"]?.text == "payments.create_intent")
            #expect(event["tags", "part"]?.text == "payments-worker")
            #expect(event["contexts", "trace", "trace_id"]?.text == self.given.traceID)
        }
    }
}
