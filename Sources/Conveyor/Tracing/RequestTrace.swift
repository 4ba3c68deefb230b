public import RabbitMQ
import Synchronization
import Tracing

/// An HTTP request in its trace: begun with its headers, ended with its answer; and the ids that turn up on the way, for its line in the log.
public final class RequestTrace: Sendable {
    /// What the request's log line carries, and what it publishes: of the request's span if that is recorded, else the client's, else a new one.
    public let traceparent: String
    private let recorder: TraceRecorder?
    private let span: TraceSpan?
    private let noted = Mutex(Noted())

    /// What a request turned out to be about.
    public struct Noted: Sendable {
        /// The message that it became, which is the operation.
        public var operationID: ID?
        /// Whose it is.
        public var userID: ID?
        /// A keyed hash of the e-mail address that somebody wanted to sign in with.
        public var emailHash: String?
        /// What it makes or changes.
        public var subject: Subject?

        /// What a request turned out to be about.
        public init(operationID: ID? = nil, userID: ID? = nil, subject: Subject? = nil) {
            self.operationID = operationID
            self.userID = userID
            self.subject = subject
        }
    }

    /// Of a request that has not begun.
    public static let none = RequestTrace(method: "", traceparent: nil, recorder: nil)

    /// - Parameters:
    ///   - method: one of the usual words; whatever else a client makes up is `OTHER`.
    ///   - traceparent: the client's header.
    ///   - isTrusted: whether the header's flag decides if the trace is recorded; else, and without it, the share that the settings say does.
    public convenience init(method: String, traceparent: String?, isTrusted: Bool) {
        self.init(method: method, traceparent: traceparent, isTrusted: isTrusted, recorder: Traces.recorder)
    }

    init(method: String, traceparent header: String?, isTrusted: Bool = true, recorder: TraceRecorder?) {
        var parent = header.flatMap(TraceContext.init(traceparent:))
        if !isTrusted, let recorder { parent = parent?.sampledAnew(share: recorder.share) }
        self.recorder = recorder
        guard let recorder, parent?.isSampled ?? true else {
            self.traceparent = (parent ?? .root(share: 0)).traceparent
            self.span = nil
            return
        }
        let span = recorder.startSpan(method, context: .remote(parent), ofKind: .server)
        self.traceparent = span.trace?.traceparent ?? ""
        self.span = span.isRecording ? span : nil
    }

    /// What has been noted.
    public var ids: Noted { self.noted.withLock { $0 } }

    /// Notes what the request turned out to be about.
    public func note(_ change: (inout Noted) -> Void) { self.noted.withLock { change(&$0) } }

    /// Publishes a message as a step of the request: what it leads to follows from that step.
    public func publishing<Failure: Error>(
        _ message: Outgoing, isolation: isolated (any Actor)? = #isolation, _ publish: (Outgoing) async throws(Failure) -> Void
    ) async throws(Failure) {
        guard let span, let recorder else { return try await publish(message) }
        let step = recorder.startSpan("publish \(message.routingKey)", context: span.context, ofKind: .producer)
        defer { step.end() }
        step.attributes = [
            "messaging.system": "rabbitmq", "messaging.operation.type": "send", "messaging.destination.name": .string(message.exchange),
            "messaging.rabbitmq.destination.routing_key": .string(message.routingKey),
            "messaging.message.id": .string(message.properties.messageID ?? ""),
        ]
        var message = message
        message.properties.headers[Header.traceparent] = step.trace.map { .string($0.traceparent) }
        do {
            try await publish(message)
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
        var attributes: SpanAttributes = [
            "http.request.method": .string(method), "http.route": .string(route), "http.response.status_code": .int64(Int64(status)),
            "conveyor.request_id": .string(requestID),
        ]
        let ids = self.ids
        if let operationID = ids.operationID { attributes["conveyor.operation_id"] = operationID.description }
        if let subject = ids.subject { attributes["conveyor.\(subject.type)_id"] = subject.id.description }
        if let userID = ids.userID { attributes["user.id"] = userID.description }
        span.attributes = attributes
        if status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        span.end()
    }
}
