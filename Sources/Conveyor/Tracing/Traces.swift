import Synchronization
import Tracing

/// The traces of the process: off without a receiver (`OTEL_EXPORTER_OTLP_ENDPOINT`, `SENTRY_DSN`).
///
/// While off, a `traceparent` is still passed on through every message unchanged. While on, `withSpan` and `startSpan` of swift-distributed-tracing
/// work everywhere: within the handling of a message or a request they are part of its trace.
public enum Traces {
    private static let isOn = Atomic(false)
    private static let current = Mutex<TraceRecorder?>(nil)

    /// The recorder; nil while off.
    public static var recorder: TraceRecorder? { self.isOn.load(ordering: .relaxed) ? self.current.withLock { $0 } : nil }

    /// Turns them on. Call it once per process.
    static func bootstrap(_ recorder: TraceRecorder) {
        self.current.withLock { $0 = recorder }
        self.isOn.store(true, ordering: .releasing)
        InstrumentationSystem.bootstrap(recorder)
    }

    /// Runs `body` within the span of a context, if there is one.
    static func within<Value>(_ context: InstrumentationContext?, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value)
        async rethrows
        -> Value
    {
        guard let context else { return try await body() }
        return try await InstrumentationContext.withValue(context, operation: body)
    }
}
