import Tracing

/// Spans of the handling: one for each message whose trace is recorded, from the arrival of its batch to its end, and one for each step of a batch.
/// With traces off nothing of this is called but ``step(_:of:_:)``, which looks at one flag.
extension Processor {
    /// Begins the span of a message's handling, unless its trace is not recorded. From then on the envelope carries the span, and so does all that the
    /// message leads to. The names are those of https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
    func begin(_ envelope: inout Envelope, of work: Dispatcher.Work, _ tracer: TraceRecorder) -> TraceSpan? {
        // Whether a trace is recorded is decided where it begins; a message without one is in none.
        guard let parent = envelope.traceparent.flatMap(TraceContext.init(traceparent:)), parent.isSampled else { return nil }
        let span = tracer.startSpan("process \(envelope.type)", context: .remote(parent), ofKind: .consumer)
        envelope.traceparent = span.trace?.traceparent
        guard span.isRecording else { return nil }
        var attributes: SpanAttributes = [
            "messaging.system": "rabbitmq", "messaging.operation.type": "process", "messaging.operation.name": .string(envelope.type),
            "messaging.destination.name": .string(self.queue), "messaging.message.id": .string(envelope.messageID.description),
            "messaging.message.conversation_id": .string(envelope.correlationID.description),
            "messaging.batch.message_count": .int64(Int64(work.deliveries.count)), "conveyor.attempt": .int64(Int64(envelope.attempt)),
        ]
        attributes["conveyor.queue_ms"] = max(0, Clock.milliseconds() - envelope.sentAt)
        span.attributes = attributes
        return span
    }

    /// In which trace a message is handled: one that is not recorded has its say too, else what is done for it would begin a trace of its own.
    func context(of item: Item) -> InstrumentationContext? {
        guard self.tracer != nil else { return nil }
        return item.span?.context ?? .remote(item.envelope.traceparent.flatMap(TraceContext.init(traceparent:)))
    }

    /// What a batch does as one.
    enum Step: String {
        case transaction, publish

        fileprivate var kind: SpanKind { self == .transaction ? .client : .producer }

        fileprivate var attributes: SpanAttributes {
            switch self {
            case .transaction: ["db.system.name": "postgresql"]
            case .publish: ["messaging.system": "rabbitmq", "messaging.operation.type": "send"]
            }
        }
    }

    /// Runs a step of a batch: a span in the trace of its first recorded message, linked to all others'.
    func step<Value>(
        _ step: Step, of items: [Item], _ body: () async throws -> Value
    ) async throws -> Value {
        guard let tracer else { return try await body() }
        guard let first = items.first(where: { $0.span != nil })?.span else { return try await Traces.within(self.context(of: items[0]), body) }
        return try await tracer.withSpan(step.rawValue, context: first.context, ofKind: step.kind) { span in
            span.attributes = step.attributes
            span.attributes["messaging.batch.message_count"] = items.count
            for item in items { if let other = item.span, other !== first { span.addLink(other) } }
            return try await body()
        }
    }

    /// Ends the spans of messages that were handled.
    func end(_ items: [Item], _ rows: [Inbox.Row]) {
        guard items.contains(where: { $0.span != nil }) else { return }
        let outcomes = Dictionary(rows.map { ($0.envelope.messageID, $0.isRejected ? "rejected" : "succeeded") }) { first, _ in first }
        for item in items { item.span?.end(outcomes[item.envelope.messageID] ?? "duplicate") }
    }
}

extension TraceSpan {
    /// Ends the span of a message's handling.
    func end(_ outcome: String, _ error: String? = nil) {
        self.attributes["conveyor.outcome"] = outcome
        if let error { self.setStatus(SpanStatus(code: .error, message: Redaction.cleaned(error))) }
        self.end()
    }

    fileprivate func addLink(_ other: TraceSpan) { self.addLink(SpanLink(context: other.context, attributes: [:])) }
}
