import CoreMetrics
import Synchronization

/// The metrics of the process in Prometheus' text format 0.0.4, and the backend of swift-metrics for libraries.
///
/// A series is created under a lock and then kept; recording into it takes a few atomic operations.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public final class PrometheusMetrics: Sendable {
    /// The metrics of this process.
    public static let shared = PrometheusMetrics()

    private struct State {
        var families: [String: any MetricFamily] = [:]
        var collectors: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    /// An empty registry; a process has one, ``shared``.
    public init() {}

    /// Makes swift-metrics record here. Call it once per process.
    public func bootstrap() { MetricsSystem.bootstrap(self) }

    /// Runs before each ``render()``, for values that are read on demand, such as the number of idle connections.
    public func collect(_ body: @escaping @Sendable () -> Void) { self.state.withLock { $0.collectors.append(body) } }

    /// The family with a name, created on demand.
    func family<Series: MetricSeries>(_ name: String, help: String, labels: [String], make: @escaping @Sendable () -> Series) -> Family<Series> {
        let name = MetricName.valid(name)
        return self.state.withLock { state in
            if let known = state.families[name] {
                // One name with two kinds is a bug; recording is then ignored instead of stopping the process.
                return known as? Family<Series> ?? Family(name: name, help: help, labels: labels, make: make)
            }
            let family = Family(name: name, help: help, labels: labels, make: make)
            state.families[name] = family
            return family
        }
    }

    /// All metrics as text, families and series sorted.
    public func render() -> String {
        for collect in self.state.withLock({ $0.collectors }) { collect() }
        let families = self.state.withLock { $0.families }
        var text = ""
        text.reserveCapacity(16_384)
        for (_, family) in families.sorted(by: { $0.key < $1.key }) { family.render(into: &text) }
        ProcessMetrics.render(into: &text)
        return text
    }

    /// The media type of ``render()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"
}
