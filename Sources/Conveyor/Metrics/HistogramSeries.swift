import CoreMetrics
import Synchronization

/// The number of values below each of several bounds, and their sum.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    static let kind = "histogram"
    /// Upper bounds, ascending, at most 23; larger values are counted too.
    private let bounds: [Double]
    private let counts = InlineArray<24, Atomic<Int>> { _ in Atomic(0) }
    private let sum = AtomicDouble()

    init(bounds: [Double]) {
        precondition(bounds.count < 24, "a histogram has at most 23 bounds")
        self.bounds = bounds
    }

    /// Bounds for durations of milliseconds: 0.5 ms to 30 s.
    static let short: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Bounds for times in a queue: 1 ms to 6 h.
    static let waiting: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21_600]
    /// Bounds for counts: 1 to 1,024.
    static let sizes: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

    func record(_ value: Double) { self.record(value, count: 1) }
    func record(_ value: Int64) { self.record(Double(value), count: 1) }
    func recordNanoseconds(_ duration: Int64) { self.record(Double(duration) / 1e9, count: 1) }

    /// Records a value several times.
    func record(_ value: Double, count: Int) {
        guard !value.isNaN, count > 0 else { return }
        var index = 0
        while index < self.bounds.count, value > self.bounds[index] { index += 1 }
        self.counts[index].wrappingAdd(count, ordering: .relaxed)
        self.sum.add(value * Double(count))
    }

    func render(name: String, labels: String, into text: inout String) {
        let prefix = labels.isEmpty ? "" : labels + ","
        var total = 0
        for (index, bound) in (self.bounds + [.infinity]).enumerated() {
            total += self.counts[index].load(ordering: .relaxed)
            text += "\(name)_bucket{\(prefix)le=\"\(MetricName.text(bound))\"} \(total)\n"
        }
        let suffix = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_sum\(suffix) \(MetricName.text(self.sum.value))\n\(name)_count\(suffix) \(total)\n"
    }
}
