import Tracing

/// A span that has ended, as the exporters take it.
struct FinishedSpan: Sendable {
    /// Its own ids.
    var context: TraceContext
    /// The span that led to it, here or in another process; nil for the first of a trace.
    var parentID: UInt64?
    /// With few different values, never with an id in it.
    var name: String
    var kind: SpanKind
    /// Nanoseconds since 1970.
    var start: UInt64
    /// Nanoseconds since 1970.
    var end: UInt64
    var attributes: SpanAttributes
    var status: SpanStatus?
    var events: [SpanEvent]
    /// Spans of other traces that it worked for too.
    var links: [TraceContext]
}

/// Where recorded spans go.
protocol SpanExporter: Sendable {
    /// Takes what one process has done in one trace: the span with which it began there is the last. Returns at once.
    func export(_ spans: [FinishedSpan])
}
