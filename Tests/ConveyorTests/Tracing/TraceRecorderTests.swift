import Testing
import Tracing

@testable import Conveyor

@Suite struct TraceRecorderTests {
    private struct Failure: Error, CustomStringConvertible {
        var description = "Stripe refused sk_test_hunter2hunter2"
    }

    @Test func `nested spans are exported together, the outermost last`() throws {
        let collected = CollectedSpans()
        let recorder = collected.recorder()
        recorder.withSpan("whole", ofKind: .server) { whole in
            recorder.withSpan("step") { step in
                step.attributes["n"] = 1
                recorder.withSpan("detail") { _ in }
            }
            #expect(collected.exports.isEmpty)
            whole.operationName = "POST /orders"
        }
        #expect(collected.exports.map { $0.map(\.name) } == [["detail", "step", "POST /orders"]])
        let (detail, step, whole) = (collected.all[0], collected.all[1], collected.all[2])
        #expect(whole.parentID == nil)
        #expect(step.parentID == whole.context.spanID)
        #expect(detail.parentID == step.context.spanID)
        #expect(Set(collected.all.map(\.context.traceID)).count == 1)
        #expect(whole.start <= step.start && step.end <= whole.end)
        #expect(step.attributes.get("n") == .int64(1))
    }

    @Test func `a span with a remote parent belongs to its trace`() throws {
        let collected = CollectedSpans()
        let parent = TraceContext.elsewhere(sampled: true)
        collected.recorder(share: 0).startSpan("process", context: .remote(parent), ofKind: .consumer).end()
        let span = try #require(collected.all.first)
        #expect((span.context.traceID, span.parentID) == (parent.traceID, parent.spanID))
        #expect(span.context.spanID != parent.spanID)
    }

    @Test func `an unrecorded trace is not stored, but its context is passed on`() {
        let collected = CollectedSpans()
        let recorder = collected.recorder()
        let parent = TraceContext.elsewhere(sampled: false)
        recorder.withSpan("whole", context: .remote(parent)) { whole in
            #expect(!whole.isRecording)
            #expect(whole.trace == parent)
            recorder.withSpan("step") { step in
                step.attributes["n"] = 1
                step.recordError(Failure())
                #expect(!step.isRecording)
                #expect(step.trace == parent)
            }
        }
        #expect(collected.all.isEmpty)
    }

    @Test func `the decision for a new trace holds for all its spans`() {
        let collected = CollectedSpans()
        let recorder = collected.recorder(share: 0.5)
        for _ in 0..<200 { recorder.withSpan("whole") { _ in recorder.withSpan("step") { _ in } } }
        #expect((50..<150).contains(collected.exports.count))
        #expect(collected.exports.allSatisfy { $0.map(\.name) == ["step", "whole"] })
    }

    @Test func `an error is recorded without its secrets, and a span ends once`() throws {
        let collected = CollectedSpans()
        let recorder = collected.recorder()
        #expect(throws: Failure.self) { try recorder.withSpan("whole") { _ in throw Failure() } }
        let span = recorder.startSpan("once")
        span.end()
        span.end()
        #expect(!span.isRecording)
        #expect(collected.all.map(\.name) == ["whole", "once"])
        let failed = collected.all[0]
        #expect(failed.status?.code == .error)
        #expect(failed.events.map(\.name) == ["exception"])
        #expect(failed.events[0].attributes.get("exception.message") == .string("Stripe refused [redacted]"))
    }

    @Test func `a span that outlives the outermost is exported alone`() {
        let collected = CollectedSpans()
        let recorder = collected.recorder()
        let whole = recorder.startSpan("whole", context: .topLevel)
        let late = recorder.startSpan("late", context: whole.context)
        whole.end()
        late.end()
        #expect(collected.exports.map { $0.map(\.name) } == [["whole"], ["late"]])
    }

    @Test func `an endless loop does not fill the memory`() throws {
        let collected = CollectedSpans()
        let recorder = collected.recorder()
        recorder.withSpan("whole") { _ in for _ in 0..<2000 { recorder.withSpan("step") { _ in } } }
        #expect(collected.all.count == 501)
        #expect(collected.all.last?.name == "whole")
    }

    private struct Headers: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    @Test func `a traceparent is extracted from and injected into a carrier`() {
        let recorder = CollectedSpans().recorder()
        let headers = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
        var context = InstrumentationContext.topLevel
        recorder.extract(headers, into: &context, using: Headers())
        var carried: [String: String] = [:]
        recorder.inject(context, into: &carried, using: Headers())
        #expect(carried == headers)
        context = .topLevel
        recorder.extract(["traceparent": "nonsense"], into: &context, using: Headers())
        recorder.inject(context, into: &carried, using: Headers())
        #expect(carried == headers)
    }
}
