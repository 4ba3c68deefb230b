import CoreMetrics

/// A value that goes up and down.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    static let kind = "gauge"
    private let value = AtomicDouble()

    func set(_ value: Int64) { self.value.value = Double(value) }
    func set(_ value: Double) { self.value.value = value }
    func increment(by amount: Double) { self.value.add(amount) }
    func decrement(by amount: Double) { self.value.add(-amount) }
    func record(_ value: Int64) { self.set(value) }
    func record(_ value: Double) { self.set(value) }

    func render(name: String, labels: String, into text: inout String) {
        text += labels.isEmpty ? "\(name) \(MetricName.text(self.value.value))\n" : "\(name){\(labels)} \(MetricName.text(self.value.value))\n"
    }
}
