import Fixtures
import Logging
import Shop
import Testing
import Tracing
import Transfer

@testable import Conveyor

@Suite struct SentryClientTests {
    private let logger = Logger.silent

    private func client(_ dsn: String, share: Double = 1, every interval: Duration = .milliseconds(20)) throws -> SentryClient {
        let transport = SentryTransport(
            dsn: try #require(DSN(dsn)), origin: SentryOrigin(part: "orders-worker", environment: "staging"),
            http: try HTTPClient(userAgent: "conveyor-tests/1"), logger: self.logger)
        return SentryClient(transport: transport, share: share, logger: self.logger, every: interval)
    }

    private func event(_ text: String) -> SentryEvent { SentryEvent(.error, "bug", text) }

    @Test func `a dead letter is an event with its origin, its tags and the ids of its chain`() async throws {
        try await Watcher.run { watcher in
            let client = try self.client(watcher.dsn)
            let (user, command, event) = (ID.v7(milliseconds: 1), ID.v7(milliseconds: 2), ID.v7(milliseconds: 3))
            var envelope = Envelope(
                messageID: command, type: "orders.place", actor: user.description, traceparent: TraceContext.elsewhere(sampled: true).traceparent,
                sentAt: 1_700_000_000_000)
            envelope = envelope.emitted(type: "stock.reserved", schema: 1, at: 0, sentAt: 1_700_000_000_500)
            envelope.messageID = event
            envelope.attempt = 3
            envelope.failure = .init(errorType: "timed_out", error: "no end", firstAt: 1_700_000_001_000, lastAt: 1_700_000_002_000)
            let error = "refused 4711: Bearer hunter2hunter2 of sk_live_hunter2hunter2"
            client.report(.deadLetter(queue: "orders", type: "stock.reserved", errorType: "bug", error: error, envelope: envelope))
            await client.finish(within: .seconds(5))

            let request = try #require(watcher.received.first)
            #expect(request.headers["content-type"] == "application/x-sentry-envelope")
            #expect(request.headers["x-sentry-auth"]?.contains("sentry_key=publickey0123456789abcdef01234567") == true)
            let envelopes = try watcher.envelopes
            #expect(envelopes.count == 1)
            let sent = try #require(envelopes.first)
            #expect(sent.head["event_id"] == sent.item["event_id"])
            #expect(sent.head["sent_at"]?.text?.hasSuffix("Z") == true)
            #expect(sent.itemHead["type"]?.text == "event")
            let item = sent.item
            #expect(item["event_id"]?.text?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            #expect(item["timestamp"]?.text.flatMap { Timestamp.date($0) } != nil)
            #expect(item["level"]?.text == "error")
            #expect(item["release"]?.text == "conveyor@\(ConveyorVersion.current)")
            #expect(item["environment"]?.text == "staging")
            #expect(item["server_name"]?.text == Host.name)
            #expect(item["transaction"]?.text == "stock.reserved")
            let group = ErrorGroup.name(queue: "orders", type: "stock.reserved", errorType: "bug", error: error)
            #expect(
                item["tags"]
                    == .object([
                        "part": .text("orders-worker"), "queue": .text("orders"), "type": .text("stock.reserved"), "error_type": .text("bug"),
                        "group": .text(group), "attempt": .text("3"),
                    ]))
            #expect(item["fingerprint"]?.array == [.text(group)])
            #expect(item["exception", "values"]?.array?.first?["value"]?.text == "refused 4711: Bearer [redacted] of [redacted]")
            #expect(item["contexts", "trace", "trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c")
            #expect(item["contexts", "ids", "operation_id"]?.text == command.description)
            #expect(item["contexts", "ids", "causation_id"]?.text == command.description)
            #expect(item["contexts", "ids", "message_id"]?.text == event.description)
            #expect(item["user", "id"]?.text == user.description)
            let crumbs = try #require(item["breadcrumbs", "values"]?.array)
            #expect(crumbs.map { $0["category"]?.text } == ["operation", "message", "message", "attempt"])
            #expect(crumbs[0]["data", "operation_id"]?.text == command.description)
            #expect(crumbs[2]["data", "message_id"]?.text == event.description)
            #expect(crumbs[2]["timestamp"]?.text == "2023-11-14T22:13:20.500Z")
            #expect(!watcher.everything.contains("hunter2"))
        }
    }

    @Test func `a failed request and a critical line are events too`() async throws {
        struct Broken: Error {}
        try await Watcher.run { watcher in
            let client = try self.client(watcher.dsn)
            let trace = RequestTrace(method: "POST", traceparent: TraceContext.elsewhere(sampled: false).traceparent, recorder: nil)
            let operation = ID.v7(milliseconds: 1)
            trace.note { $0.operationID = operation }
            client.report(.failedRequest(Broken(), method: "POST", route: "/api/v1/orders", requestID: "r-1", trace))
            client.report(.logged("left unsettled", label: "pool", fields: [("queue", "orders"), ("message_id", "m"), ("detail", "private")]))
            await client.finish(within: .seconds(5))
            let events = try watcher.items("event")
            #expect(events.map { $0["transaction"]?.text } == ["POST /api/v1/orders", nil])
            #expect(events.map { $0["level"]?.text } == ["error", "fatal"])
            #expect(events[0]["exception", "values"]?.array?.first?["type"]?.text == "Broken")
            #expect(events[0]["tags", "route"]?.text == "/api/v1/orders")
            #expect(events[0]["contexts", "ids"] == .object(["request_id": .text("r-1"), "operation_id": .text(operation.description)]))
            #expect(events[0]["contexts", "trace", "trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c")
            #expect(events[1]["tags", "queue"]?.text == "orders")
            #expect(events[1]["contexts", "ids"] == .object(["message_id": .text("m")]))
            #expect(!watcher.everything.contains("private"))
        }
    }

    @Test func `a recorded trace is a transaction with its spans`() async throws {
        try await Watcher.run { watcher in
            let client = try self.client(watcher.dsn)
            let recorder = TraceRecorder(exporters: [client], share: 1)
            recorder.withSpan("process orders.place", context: .remote(.elsewhere(sampled: true)), ofKind: .consumer) { whole in
                whole.attributes["messaging.batch.message_count"] = 128
                recorder.withSpan("transaction", ofKind: .client) { $0.attributes["db.system.name"] = "postgresql" }
                recorder.withSpan("publish", ofKind: .producer) { $0.setStatus(SpanStatus(code: .error)) }
            }
            await client.finish(within: .seconds(5))
            let item = try #require(try watcher.items("transaction").first)
            #expect(item["type"]?.text == "transaction")
            #expect(item["transaction"]?.text == "process orders.place")
            #expect(item["environment"]?.text == "staging")
            let trace = try #require(item["contexts", "trace"])
            #expect(trace["trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c")
            #expect(trace["parent_span_id"]?.text == "b7ad6b7169203331")
            #expect(trace["op"]?.text == "queue.process")
            #expect(trace["data", "messaging.batch.message_count"]?.text == "128")
            let spans = try #require(item["spans"]?.array)
            #expect(spans.map { $0["description"]?.text } == ["transaction", "publish"])
            #expect(spans.map { $0["op"]?.text } == ["db", "queue.publish"])
            #expect(spans.map { $0["status"]?.text } == ["ok", "internal_error"])
            #expect(spans.allSatisfy { $0["parent_span_id"] == trace["span_id"] && $0["trace_id"] == trace["trace_id"] })
            let (start, end) = (try #require(item["start_timestamp"]?.number), try #require(item["timestamp"]?.number))
            #expect(start <= end && start > 1_700_000_000)
        }
    }

    @Test func `only the configured share of recorded traces become transactions`() async throws {
        try await Watcher.run { watcher in
            let client = try self.client(watcher.dsn, share: 0)
            let recorder = TraceRecorder(exporters: [client], share: 1)
            for _ in 0..<20 { recorder.startSpan("whole", context: .topLevel, ofKind: .server).end() }
            client.report(self.event("seen"))
            await client.finish(within: .seconds(5))
            #expect(watcher.received.count == 1)
        }
    }

    @Test func `sending pauses when Sentry wants no more of a category`() async throws {
        try await Watcher.run { watcher in
            watcher.answers(.init(status: 429, headers: ["X-Sentry-Rate-Limits": "3600:transaction:key"]))
            let client = try self.client(watcher.dsn, every: .zero)
            let recorder = TraceRecorder(exporters: [client], share: 1)
            recorder.startSpan("first", context: .topLevel, ofKind: .server).end()
            try await eventually("the first") { watcher.received.count == 1 }
            // One task sends all of them, so it reads this answer before it sends the next one.
            recorder.startSpan("second", context: .topLevel, ofKind: .server).end()
            client.report(self.event("still wanted"))
            await client.finish(within: .seconds(5))
            #expect(try watcher.envelopes.map { $0.itemHead["type"]?.text } == ["transaction", "event"])
        }
    }

    @Test func `a storm of events stays within the bound`() async throws {
        try await Watcher.run { watcher in
            let client = try self.client(watcher.dsn, every: .seconds(240))
            for number in 0..<1000 { client.report(self.event("\(number)")) }
            let recorder = TraceRecorder(exporters: [client], share: 1)
            for _ in 0..<1000 { recorder.startSpan("whole", context: .topLevel, ofKind: .server).end() }
            await client.finish(within: .seconds(20))
            #expect(try watcher.items("event").count == 250)
            #expect(try watcher.items("transaction").count == 20)
        }
    }

    @Test func `a Sentry that refuses, is away or never answers delays nothing`() async throws {
        try await Watcher.run { watcher in
            watcher.answers(.init(status: 500), .init(status: 400))
            let client = try self.client(watcher.dsn)
            for number in 0..<3 { client.report(self.event("\(number)")) }
            await client.finish(within: .seconds(5))
            #expect(watcher.received.count == 3)
        }
        let silent = try TakenPort()
        for port in [try Port.free(), silent.number] {
            let client = try self.client("http://key@127.0.0.1:\(port)/1", every: .zero)
            let began = ContinuousClock.now
            for number in 0..<10_000 { client.report(self.event("\(number)")) }
            await client.finish(within: .milliseconds(200))
            #expect(ContinuousClock.now - began < .seconds(8))
        }
    }
}
