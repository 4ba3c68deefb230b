import Synchronization
import Tracing

@testable import Conveyor

/// Collects the spans that a recorder exports.
final class CollectedSpans: SpanExporter {
    private let state = Mutex<[[FinishedSpan]]>([])

    func export(_ spans: [FinishedSpan]) { self.state.withLock { $0.append(spans) } }

    /// One list per call.
    var exports: [[FinishedSpan]] { self.state.withLock { $0 } }

    var all: [FinishedSpan] { self.exports.flatMap(\.self) }

    func recorder(share: Double = 1) -> TraceRecorder { TraceRecorder(exporters: [self], share: share) }
}

extension TraceContext {
    /// A trace that began elsewhere.
    static func elsewhere(sampled: Bool) -> TraceContext {
        TraceContext(traceHigh: 0x0af7_6519_16cd_43dd, traceLow: 0x8448_eb21_1c80_319c, spanID: 0xb7ad_6b71_6920_3331, isSampled: sampled)
    }
}
