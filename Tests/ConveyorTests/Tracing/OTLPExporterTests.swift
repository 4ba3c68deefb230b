import Fixtures
import Logging
import Testing
import Tracing
import Transfer

@testable import Conveyor

@Suite struct OTLPExporterTests {
    private let logger = Logger.silent

    private func exporter(_ url: String, headers: String = "", every interval: Duration = .milliseconds(20)) throws -> OTLPExporter {
        let settings = Settings(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_HEADERS": headers])
        return OTLPExporter(
            endpoint: try #require(try OTLPEndpoint(settings)), document: OTLPDocument(part: "orders-worker", environment: "test"),
            http: try HTTPClient(userAgent: "conveyor-tests/1"), logger: self.logger, every: interval)
    }

    @Test func `spans are posted as OTLP in JSON, with their resource and the collector's headers`() async throws {
        try await Watcher.run { watcher in
            let exporter = try self.exporter(watcher.url + "/", headers: "x-key=a%20b%3D, tenant = shop ")
            let recorder = TraceRecorder(exporters: [exporter], share: 1)
            let other = TraceContext.elsewhere(sampled: true)
            recorder.withSpan("whole \"quoted\"", context: .remote(other), ofKind: .consumer) { whole in
                whole.attributes = ["text": "ü\n", "n": 42, "flag": true, "ratio": 0.5, "list": .stringArray(["a", "b"])]
                whole.addLink(SpanLink(context: .remote(other), attributes: [:]))
                whole.addEvent(SpanEvent(name: "retried", attributes: ["try": 2]))
                whole.setStatus(SpanStatus(code: .error, message: "no"))
            }
            await exporter.finish(within: .seconds(5))
            let request = try #require(watcher.received.first)
            #expect(request.path == "/v1/traces")
            #expect(request.headers["content-type"] == "application/json")
            #expect((request.headers["x-key"], request.headers["tenant"]) == ("a b=", "shop"))
            let span = try #require(try watcher.spans.first)
            #expect(span.resource["service.name"] == "orders-worker")
            #expect(span.resource["service.version"] == ConveyorVersion.current)
            #expect(span.resource["deployment.environment.name"] == "test")
            #expect((span.name, span.kind) == ("whole \"quoted\"", 5))
            #expect((span.traceID, span.parentID) == (other.traceID, "b7ad6b7169203331"))
            #expect(span.attributes == ["text": "ü\n", "n": "42", "flag": "true", "ratio": "0.5", "list": "a, b"])
            #expect(span.links == ["0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"])
            #expect(span.events.map { $0["name"]?.text } == ["retried"])
            #expect((span.status?["code"]?.integer, span.status?["message"]?.text) == (2, "no"))
        }
    }

    @Test func `many spans go in few requests`() async throws {
        try await Watcher.run { watcher in
            let exporter = try self.exporter(watcher.url, every: .seconds(60))
            let recorder = TraceRecorder(exporters: [exporter], share: 1)
            for _ in 0..<1500 { recorder.startSpan("step", context: .topLevel).end() }
            await exporter.finish(within: .seconds(10))
            #expect(watcher.received.count == 2)
            #expect(try watcher.spans.count == 1500)
        }
    }

    @Test(arguments: [429, 503]) func `temporary failures are sent again, refusals are not`(status: Int) async throws {
        try await Watcher.run { watcher in
            watcher.answers(.init(status: status, headers: ["Retry-After": "1"]), .init(status: 200), .init(status: 400))
            let exporter = try self.exporter(watcher.url)
            let recorder = TraceRecorder(exporters: [exporter], share: 1)
            recorder.startSpan("first", context: .topLevel).end()
            try await eventually("the second try") { watcher.received.count == 2 }
            recorder.startSpan("refused", context: .topLevel).end()
            try await eventually("the refusal") { watcher.received.count == 3 }
            recorder.startSpan("last", context: .topLevel).end()
            await exporter.finish(within: .seconds(5))
            #expect(try watcher.spans.map(\.name) == ["first", "first", "refused", "last"])
        }
    }

    @Test func `a collector that never answers delays nothing`() async throws {
        let silent = try TakenPort()
        let exporter = try self.exporter("http://127.0.0.1:\(silent.number)", every: .zero)
        let recorder = TraceRecorder(exporters: [exporter], share: 1)
        let began = ContinuousClock.now
        for _ in 0..<20_000 { recorder.startSpan("step", context: .topLevel).end() }
        await exporter.finish(within: .milliseconds(200))
        #expect(ContinuousClock.now - began < .seconds(8))
    }

    @Test(arguments: ["collector:4318", "ftp://collector", "http://", "nonsense"]) func `a malformed endpoint is named`(url: String) {
        #expect(throws: SettingError.self) { try OTLPEndpoint(Settings(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url])) }
    }

    @Test(arguments: ["hunter2", "=hunter2", "key=hunter2%4", "key=%ff", "key=%+1"]) func `malformed headers are named, without their value`(
        headers: String
    ) throws {
        let settings = Settings(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_EXPORTER_OTLP_HEADERS": headers])
        let error = try #require(throws: SettingError.self) { try OTLPEndpoint(settings) }
        #expect(error.name == "OTEL_EXPORTER_OTLP_HEADERS")
        #expect(!"\(error)".contains("hunter2"))
    }
}
