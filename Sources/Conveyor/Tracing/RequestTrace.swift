public import RabbitMQ
import Synchronization
import Tracing

/// The trace of an HTTP request: begun with its headers, ended with its answer; it also collects the ids for the request's log line.
public final class RequestTrace: Sendable {
    /// The context for the log line and for published messages: the request's span if recorded, else the client's, else a new one.
    public let traceparent: String
    private let recorder: TraceRecorder?
    private let span: TraceSpan?
    private let noted = Mutex(Noted())

    /// Facts about a request that become known while it is handled.
    public struct Noted: Sendable {
        /// The message of its write, which is the operation.
        public var operationID: ID?
        /// The owner.
        public var userID: ID?
        /// A keyed hash of the e-mail address in a sign-in.
        public var emailHash: String?
        /// The resource that it creates or changes.
        public var subject: Subject?

        /// Facts about a request that become known while it is handled.
        public init(operationID: ID? = nil, userID: ID? = nil, subject: Subject? = nil) {
            self.operationID = operationID
            self.userID = userID
            self.subject = subject
        }
    }

    /// The trace of a request that has not begun.
    public static let none = RequestTrace(method: "", traceparent: nil, recorder: nil)

    /// - Parameters:
    ///   - method: a usual method; unusual ones are `OTHER`.
    ///   - traceparent: the client's header.
    ///   - isTrusted: whether the header's flag decides about recording; otherwise, and without a header, the configured share decides.
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

    /// The collected facts.
    public var ids: Noted { self.noted.withLock { $0 } }

    /// Adds facts about the request.
    public func note(_ change: (inout Noted) -> Void) { self.noted.withLock { change(&$0) } }

    /// Publishes a message as a step of the request, which becomes the parent of its spans.
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
