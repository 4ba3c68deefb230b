public import Tracing

/// Records the spans of sampled traces, and passes them to the exporters when this process' part of a trace has ended.
///
/// The beginning of a trace decides whether it is recorded; a span of an unrecorded trace costs one check of a flag.
public struct TraceRecorder: Tracer {
    let exporters: [any SpanExporter]
    /// The share of new traces that are recorded, 0 to 1.
    let share: Double

    /// Begins a span within that of `context`, or a new trace.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind, at instant: @autoclosure () -> Instant,
        function: String, file fileID: String, line: UInt
    ) -> TraceSpan {
        var context = context()
        let parent = context.span
        let trace = parent.map { $0.context.isSampled ? $0.context.next() : $0.context } ?? .root(share: self.share)
        guard trace.isSampled else {
            if parent == nil { context.span = ActiveSpan(context: trace) }
            return TraceSpan(nil, recording: nil, isFirst: false, context: context)
        }
        let recording = parent?.recording ?? Recording(exporters: self.exporters)
        context.span = ActiveSpan(context: trace, recording: recording)
        let span = FinishedSpan(
            context: trace, parentID: parent?.context.spanID, name: operationName, kind: kind, start: instant().nanosecondsSinceEpoch, end: 0,
            attributes: [:], status: nil, events: [], links: [])
        return TraceSpan(span, recording: recording, isFirst: parent?.recording == nil, context: context)
    }

    /// Ended traces have already been passed on.
    public func forceFlush() {}

    /// Reads a `traceparent`.
    public func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract)
    where Extract.Carrier == Carrier {
        guard let trace = extractor.extract(key: Header.traceparent, from: carrier).flatMap(TraceContext.init(traceparent:)) else { return }
        context.span = ActiveSpan(context: trace)
    }

    /// Writes the current span's `traceparent`.
    public func inject<Carrier, Inject: Injector>(_ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        guard let trace = context.span?.context else { return }
        injector.inject(trace.traceparent, forKey: Header.traceparent, into: &carrier)
    }
}
