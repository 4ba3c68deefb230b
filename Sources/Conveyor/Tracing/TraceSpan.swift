import Synchronization
public import Tracing

/// A span in progress. If its trace is not recorded, it ignores everything.
public final class TraceSpan: Span {
    /// The context for its child spans.
    public let context: InstrumentationContext
    private let recording: Recording?
    private let isFirst: Bool
    private let state: Mutex<FinishedSpan?>

    /// - Parameters:
    ///   - span: its beginning; nil if it is not recorded.
    ///   - isFirst: whether it is the first span of the trace in this process.
    init(_ span: FinishedSpan?, recording: Recording?, isFirst: Bool, context: InstrumentationContext) {
        self.state = Mutex(span)
        self.recording = recording
        self.isFirst = isFirst
        self.context = context
    }

    /// Its ids.
    public var trace: TraceContext? { self.context.span?.context }

    /// False also after it has ended.
    public var isRecording: Bool { self.state.withLock { $0 != nil } }

    /// Its name.
    public var operationName: String {
        get { self.state.withLock { $0?.name ?? "" } }
        set { self.state.withLock { $0?.name = newValue } }
    }

    /// Its attributes.
    public var attributes: SpanAttributes {
        get { self.state.withLock { $0?.attributes ?? [:] } }
        set { self.state.withLock { $0?.attributes = newValue } }
    }

    /// Its status.
    public func setStatus(_ status: SpanStatus) { self.state.withLock { $0?.status = status } }

    /// Adds an event.
    public func addEvent(_ event: SpanEvent) { self.state.withLock { $0?.events.append(event) } }

    /// Adds an error as the event `exception` (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/); apparent secrets are
    /// removed.
    public func recordError<Instant: TracerInstant>(_ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant) {
        guard self.isRecording else { return }
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = Redaction.cleaned("\(error)")
        self.addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// Links a span of another trace.
    public func addLink(_ link: SpanLink) {
        guard let context = link.context.span?.context else { return }
        self.state.withLock { $0?.links.append(context) }
    }

    /// Ends it; a second call does nothing.
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
