import Synchronization
import Tracing

/// The traces of the process: off unless somebody is there to take them (`OTEL_EXPORTER_OTLP_ENDPOINT`, `SENTRY_DSN`).
///
/// Off, a `traceparent` is still carried on through every message, as it came. On, `withSpan` and `startSpan` of swift-distributed-tracing work
/// everywhere: within the handling of a message or a request they are part of its trace.
public enum Traces {
    private static let isOn = Atomic(false)
    private static let current = Mutex<TraceRecorder?>(nil)

    /// What records them; nil if they are off.
    public static var recorder: TraceRecorder? { self.isOn.load(ordering: .relaxed) ? self.current.withLock { $0 } : nil }

    /// Turns them on. Once in a process.
    static func bootstrap(_ recorder: TraceRecorder) {
        self.current.withLock { $0 = recorder }
        self.isOn.store(true, ordering: .releasing)
        InstrumentationSystem.bootstrap(recorder)
    }

    /// Runs `body` as a part of what the context says, if there is one.
    static func within<Value>(_ context: InstrumentationContext?, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value)
        async rethrows
        -> Value
    {
        guard let context else { return try await body() }
        return try await InstrumentationContext.withValue(context, operation: body)
    }
}
