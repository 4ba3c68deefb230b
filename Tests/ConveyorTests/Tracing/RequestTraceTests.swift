import RabbitMQ
import Shop
import Testing
import Tracing

@testable import Conveyor

@Suite struct RequestTraceTests {
    private let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func message(_ traceparent: String) -> Outgoing {
        let envelope = Envelope(messageID: .v7(milliseconds: 0), type: "orders.place", actor: "system", traceparent: traceparent, sentAt: 0)
        return Outgoing(exchange: "commands", routingKey: "orders.place", properties: envelope.properties(appID: "ingress"), body: [])
    }

    @Test func `without a recorder the client's traceparent passes unchanged, and a request without one gets its own`() async throws {
        let trace = RequestTrace(method: "POST", traceparent: self.given, recorder: nil)
        #expect(trace.traceparent == self.given)
        let sent = try await self.published(trace)
        #expect(sent == self.given)
        for header in [nil, "", "nonsense"] {
            let made = RequestTrace(method: "POST", traceparent: header, recorder: nil)
            let context = try #require(TraceContext(traceparent: made.traceparent))
            #expect(!context.isSampled)
        }
    }

    private func published(_ trace: RequestTrace) async throws -> String? {
        var sent: String?
        await trace.publishing(self.message(trace.traceparent)) { sent = $0.properties.headers["traceparent"]?.string }
        return sent
    }

    @Test func `a recorded request is the client's child, publishing is its own child, and the message continues from there`() async throws {
        let collected = CollectedSpans()
        let trace = RequestTrace(method: "POST", traceparent: self.given, recorder: collected.recorder())
        let order = ID.v7(milliseconds: 1)
        trace.note { $0 = .init(operationID: order, subject: .order(order)) }
        let sent = try #require(try await self.published(trace).flatMap(TraceContext.init(traceparent:)))
        trace.end(method: "POST", route: "/api/v1/orders", status: 202, requestID: "r-1")
        #expect(collected.all.map(\.name) == ["publish orders.place", "POST /api/v1/orders"])
        let (publish, request) = (collected.all[0], collected.all[1])
        #expect((request.parentID, request.kind) == (0xb7ad_6b71_6920_3331, .server))
        #expect(request.context.traceparent == trace.traceparent)
        #expect((publish.parentID, publish.kind) == (request.context.spanID, .producer))
        #expect(sent == publish.context)
        #expect(request.attributes.get("http.response.status_code") == .int64(202))
        #expect(request.attributes.get("conveyor.order_id") == .string(order.description))
        #expect(request.status == nil)
    }

    @Test func `a failed publish and a 503 are errors in the trace`() async throws {
        let collected = CollectedSpans()
        let trace = RequestTrace(method: "POST", traceparent: nil, recorder: collected.recorder())
        await #expect(throws: PublishFailure.self) {
            try await trace.publishing(self.message(trace.traceparent)) { (_) throws(PublishFailure) in throw PublishFailure.blocked }
        }
        trace.end(method: "POST", route: "/api/v1/orders", status: 503, requestID: "r-1")
        #expect(collected.all.map(\.status?.code) == [.error, .error])
    }

    @Test(arguments: ["0", "1"]) func `an untrusted client's flag is ignored, its trace continues`(flag: String) async throws {
        let header = String(self.given.dropLast()) + flag
        for share in [0.0, 1.0] {
            let collected = CollectedSpans()
            let trace = RequestTrace(method: "GET", traceparent: header, isTrusted: false, recorder: collected.recorder(share: share))
            #expect(trace.traceparent.prefix(35) == header.prefix(35))
            trace.end(method: "GET", route: "/", status: 200, requestID: "r")
            #expect(collected.all.count == Int(share))
        }
    }

    @Test func `the client's negative flag wins over the share`() async throws {
        let collected = CollectedSpans()
        let header = String(self.given.dropLast()) + "0"
        let trace = RequestTrace(method: "GET", traceparent: header, recorder: collected.recorder(share: 1))
        #expect(trace.traceparent == header)
        trace.end(method: "GET", route: "/", status: 200, requestID: "r")
        #expect(collected.all.isEmpty)
    }
}
