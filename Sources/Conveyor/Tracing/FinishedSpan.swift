import Tracing

/// A finished span for the exporters.
struct FinishedSpan: Sendable {
    /// Its own ids.
    var context: TraceContext
    /// The parent span, here or in another process; nil for the first of a trace.
    var parentID: UInt64?
    /// A name with few different values, never with an id.
    var name: String
    var kind: SpanKind
    /// Nanoseconds since 1970.
    var start: UInt64
    /// Nanoseconds since 1970.
    var end: UInt64
    var attributes: SpanAttributes
    var status: SpanStatus?
    var events: [SpanEvent]
    /// Linked spans in other traces.
    var links: [TraceContext]
}

/// The receivers of recorded spans.
protocol SpanExporter: Sendable {
    /// Receives a process' part of one trace; its last span is the first that began. Returns at once.
    func export(_ spans: [FinishedSpan])
}
