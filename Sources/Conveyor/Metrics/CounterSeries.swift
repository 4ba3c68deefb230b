import CoreMetrics
import Synchronization

/// A sum that never decreases.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    static let kind = "counter"
    private let whole = Atomic<Int64>(0)
    private let fraction = AtomicDouble()

    func increment(by amount: Int64) { if amount > 0 { self.whole.wrappingAdd(amount, ordering: .relaxed) } }

    func increment(by amount: Double) { if amount > 0, amount.isFinite { self.fraction.add(amount) } }

    func reset() {
        self.whole.store(0, ordering: .relaxed)
        self.fraction.value = 0
    }

    func render(name: String, labels: String, into text: inout String) {
        let value = Double(self.whole.load(ordering: .relaxed)) + self.fraction.value
        text += labels.isEmpty ? "\(name) \(MetricName.text(value))\n" : "\(name){\(labels)} \(MetricName.text(value))\n"
    }
}
