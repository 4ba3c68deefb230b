import Synchronization
import Tracing

/// This process' part of a trace, from its first span here until that one ends; it is exported as a whole.
final class Recording: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
        var isOver = false
    }

    private let exporters: [any SpanExporter]
    private let state = Mutex(State())
    /// Further spans are dropped: an endless loop must not fill the memory.
    private static let limit = 500

    init(exporters: [any SpanExporter]) { self.exporters = exporters }

    /// A span within the first one has ended. One that outlives the first is exported alone.
    func add(_ span: FinishedSpan) {
        let isLate = self.state.withLock { state in
            if !state.isOver, state.spans.count < Self.limit { state.spans.append(span) }
            return state.isOver
        }
        if isLate { self.export([span]) }
    }

    /// The first span has ended.
    func end(_ span: FinishedSpan) {
        let spans = self.state.withLock { state in
            defer { state = State(isOver: true) }
            return state.spans
        }
        self.export(spans + [span])
    }

    private func export(_ spans: [FinishedSpan]) {
        for exporter in self.exporters { exporter.export(spans) }
    }
}

/// The current span, as it is passed on within the process.
struct ActiveSpan: Sendable {
    var context: TraceContext
    /// nil if the trace is not recorded, or the span belongs to another process.
    var recording: Recording?
}

private enum ActiveSpanKey: InstrumentationContextKey {
    typealias Value = ActiveSpan
    static let nameOverride: String? = "span"
}

extension InstrumentationContext {
    var span: ActiveSpan? {
        get { self[ActiveSpanKey.self] }
        set { self[ActiveSpanKey.self] = newValue }
    }

    /// A context whose parent span is in another process.
    static func remote(_ context: TraceContext?) -> InstrumentationContext {
        var remote = InstrumentationContext.topLevel
        remote.span = context.map { ActiveSpan(context: $0) }
        return remote
    }
}
