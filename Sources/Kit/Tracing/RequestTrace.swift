import Tracing

/// An HTTP request in its trace: begun with its headers, ended with its answer.
///
///     let trace = RequestTrace(method: "POST", traceparent: request.headers[.traceparent])
///     …
///     trace.end(route: "/api/v1/orders", status: 202, requestID: …)
public struct RequestTrace: Sendable {
    /// What the request's log line carries, and what it publishes: of the request's span if that is recorded, else the client's, else a new one.
    public let traceparent: String
    private let span: TraceSpan?
    private let recorder: TraceRecorder?

    /// - Parameters:
    ///   - method: one of the usual words; whatever a client makes up is `OTHER`.
    ///   - traceparent: the client's header. Its flag decides whether the trace is recorded; without it, the share that the settings say.
    public init(method: String, traceparent header: String?) {
        let parent = header.flatMap(TraceContext.init(traceparent:))
        self.recorder = Traces.recorder
        guard let recorder, parent?.isSampled ?? true else {
            self.traceparent = (parent ?? .root(share: 0)).traceparent
            self.span = nil
            return
        }
        let span = recorder.startSpan(method, context: .remote(parent), ofKind: .server)
        self.traceparent = span.trace?.traceparent ?? ""
        self.span = span.isRecording ? span : nil
    }

    /// Publishes a message as a step of the request.
    /// - Parameter publish: gets the `traceparent` of the message.
    public func publishing<Value, Failure: Error>(
        _ type: String, isolation: isolated (any Actor)? = #isolation, _ publish: (_ traceparent: String) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let span, let recorder else { return try await publish(self.traceparent) }
        let step = recorder.startSpan("publish \(type)", context: span.context, ofKind: .producer)
        defer { step.end() }
        step.attributes = ["messaging.system": "rabbitmq", "messaging.operation.type": "send", "messaging.destination.name": .string(type)]
        do {
            return try await publish(step.trace?.traceparent ?? self.traceparent)
        } catch {
            step.setStatus(SpanStatus(code: .error, message: "\(error)"))
            throw error
        }
    }

    /// Ends it. The names are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
    /// - Parameter route: the route's pattern, never a path with ids in it.
    public func end(method: String, route: String, status: Int, requestID: String) {
        guard let span else { return }
        span.operationName = "\(method) \(route)"
        span.attributes = [
            "http.request.method": .string(method), "http.route": .string(route), "http.response.status_code": .int64(Int64(status)),
            "conveyor.request_id": .string(requestID),
        ]
        if status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        span.end()
    }
}
