import Synchronization
public import Tracing

/// A span: something that is under way in a trace. One whose trace is not recorded takes everything and keeps nothing.
public final class TraceSpan: Span {
    /// For what happens within it.
    public let context: InstrumentationContext
    private let recording: Recording?
    private let isFirst: Bool
    private let state: Mutex<FinishedSpan?>

    /// - Parameters:
    ///   - span: as it begins; nil if it is not recorded.
    ///   - isFirst: the process began its part of the trace with it.
    init(_ span: FinishedSpan?, recording: Recording?, isFirst: Bool, context: InstrumentationContext) {
        self.state = Mutex(span)
        self.recording = recording
        self.isFirst = isFirst
        self.context = context
    }

    /// Its ids.
    public var trace: TraceContext? { self.context.span?.context }

    /// False once it has ended, too.
    public var isRecording: Bool { self.state.withLock { $0 != nil } }

    /// What it is called.
    public var operationName: String {
        get { self.state.withLock { $0?.name ?? "" } }
        set { self.state.withLock { $0?.name = newValue } }
    }

    /// What is known of it.
    public var attributes: SpanAttributes {
        get { self.state.withLock { $0?.attributes ?? [:] } }
        set { self.state.withLock { $0?.attributes = newValue } }
    }

    /// How it ends.
    public func setStatus(_ status: SpanStatus) { self.state.withLock { $0?.status = status } }

    /// Something that happened within it.
    public func addEvent(_ event: SpanEvent) { self.state.withLock { $0?.events.append(event) } }

    /// An error, as the event `exception` (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/); what looks like a secret is left out.
    public func recordError<Instant: TracerInstant>(_ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant) {
        guard self.isRecording else { return }
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = Redaction.cleaned("\(error)")
        self.addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// A span of another trace that this one works for too.
    public func addLink(_ link: SpanLink) {
        guard let context = link.context.span?.context else { return }
        self.state.withLock { $0?.links.append(context) }
    }

    /// Ends it; a second time changes nothing.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let ended = self.state.withLock { state in
            defer { state = nil }
            return state
        }
        guard var ended else { return }
        ended.end = instant().nanosecondsSinceEpoch
        if self.isFirst { self.recording?.end(ended) } else { self.recording?.add(ended) }
    }
}
