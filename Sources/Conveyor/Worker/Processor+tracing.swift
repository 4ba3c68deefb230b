import Tracing

/// Spans of the handling: one per recorded message, from the arrival of its batch to its end, and one per step of a batch.
/// While traces are off, only ``step(_:of:_:)`` is called, which checks one flag.
extension Processor {
    /// Begins the span of a message's handling, if its trace is recorded. From then on the envelope carries this span, as do all messages that follow
    /// from it. The names are those of https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
    func begin(_ envelope: inout Envelope, of work: Dispatcher.Work, _ tracer: TraceRecorder) -> TraceSpan? {
        // The beginning of a trace decides whether it is recorded; a message without a `traceparent` is not.
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

    /// The trace context of a message's handling. An unrecorded context is propagated too: otherwise child spans would begin a new trace.
    func context(of item: Item) -> InstrumentationContext? {
        guard self.tracer != nil else { return nil }
        return item.span?.context ?? .remote(item.envelope.traceparent.flatMap(TraceContext.init(traceparent:)))
    }

    /// The steps of a whole batch.
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

    /// Runs a step of a batch: a span in the trace of its first recorded message, linked to those of the others.
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

    /// Ends the spans of handled messages.
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
