public import CoreMetrics

/// For libraries that use swift-metrics: dots in names become `_`, counters end in `_total`, timers in `_seconds`.
extension PrometheusMetrics: MetricsFactory {
    /// A family has the labels of its first series; later series get an empty value for a missing one, and lose additional ones.
    private func series<Series: MetricSeries>(
        _ label: String, suffix: String = "", _ dimensions: [(String, String)], make: @escaping @Sendable () -> Series
    ) -> Series {
        let dimensions = dimensions.map { (name: MetricName.valid($0.0), value: $0.1) }
        let name = label.hasSuffix(suffix) ? label : label + suffix
        let family = self.family(name, help: label, labels: dimensions.map(\.name), make: make)
        return family.with(LabelValues(family.labels.map { name in dimensions.first { $0.name == name }?.value ?? "" }))
    }

    /// A counter, one for each combination of dimensions.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.series(label, suffix: "_total", dimensions) { CounterSeries() }
    }

    /// A counter that also takes fractions.
    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        self.series(label, suffix: "_total", dimensions) { CounterSeries() }
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.series(label, dimensions) { GaugeSeries() }
    }

    /// A histogram, or a gauge if it does not aggregate.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return self.series(label, dimensions) { GaugeSeries() } }
        return self.series(label, dimensions) { HistogramSeries(bounds: HistogramSeries.sizes) }
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.series(label, suffix: "_seconds", dimensions) { HistogramSeries(bounds: HistogramSeries.short) }
    }

    /// Does nothing: a counter that disappears and returns smaller would look like a restart.
    public func destroyCounter(_: any CounterHandler) {}
    /// Does nothing, as for counters.
    public func destroyFloatingPointCounter(_: any FloatingPointCounterHandler) {}
    /// Does nothing, as for counters.
    public func destroyMeter(_: any MeterHandler) {}
    /// Does nothing, as for counters.
    public func destroyRecorder(_: any RecorderHandler) {}
    /// Does nothing, as for counters.
    public func destroyTimer(_: any TimerHandler) {}
}
