import Synchronization

/// One metric name: its help, its kind, and a series for each combination of label values.
protocol MetricFamily: Sendable {
    func render(into text: inout String)
}

/// The type of its series.
protocol MetricSeries: Sendable, AnyObject {
    /// The kind in the TYPE line: `counter`, `gauge`, `histogram`.
    static var kind: String { get }
    /// The sample lines.
    /// - Parameter labels: `a="1",b="2"`, or empty.
    func render(name: String, labels: String, into text: inout String)
}

/// The values of a series' labels, in the order of their names: up to three without an allocation.
struct LabelValues: Hashable, Sendable {
    private var first = ""
    private var second = ""
    private var third = ""
    private var others: [String]?

    init(_ first: String = "", _ second: String = "", _ third: String = "") {
        (self.first, self.second, self.third) = (first, second, third)
    }

    init(_ values: [String]) {
        self.init(values.first ?? "", values.count > 1 ? values[1] : "", values.count > 2 ? values[2] : "")
        if values.count > 3 { self.others = Array(values[3...]) }
    }

    /// The same number as the family's names.
    func prefix(_ count: Int) -> [String] { Array(([self.first, self.second, self.third] + (self.others ?? [])).prefix(count)) }
}

/// The series of one metric.
final class Family<Series: MetricSeries>: MetricFamily {
    private let name: String
    private let help: String
    /// The names of the labels.
    let labels: [String]
    private let make: @Sendable () -> Series
    private let series = Mutex<[LabelValues: Series]>([:])
    /// More than any family needs; labels with external values must not fill the memory.
    private let limit = 2000

    init(name: String, help: String, labels: [String], make: @escaping @Sendable () -> Series) {
        self.name = name
        self.help = help
        self.labels = labels
        self.make = make
    }

    /// The series with these values, created on demand. Beyond the limit, a shared series whose labels are all `other`.
    func with(_ values: LabelValues) -> Series {
        self.series.withLock { series in
            if let known = series[values] { return known }
            let values = series.count < self.limit ? values : LabelValues(self.labels.map { _ in "other" })
            if let known = series[values] { return known }
            let made = self.make()
            series[values] = made
            return made
        }
    }

    /// Removes a series.
    func remove(_ removed: Series) { self.series.withLock { series in series = series.filter { $0.value !== removed } } }

    /// Removes all series.
    func removeAll() { self.series.withLock { $0 = [:] } }

    func render(into text: inout String) {
        let series = self.series.withLock { $0 }
        guard !series.isEmpty else { return }
        text += "# HELP \(self.name) \(MetricName.escaped(help: self.help))\n# TYPE \(self.name) \(Series.kind)\n"
        let lines = series.map { (labels: self.text(of: $0.key), series: $0.value) }.sorted { $0.labels < $1.labels }
        for (labels, series) in lines { series.render(name: self.name, labels: labels, into: &text) }
    }

    private func text(of values: LabelValues) -> String {
        zip(self.labels, values.prefix(self.labels.count)).map { "\($0)=\"\(MetricName.escaped(label: $1))\"" }.joined(separator: ",")
    }
}

/// Prometheus' syntax for names, labels and numbers.
enum MetricName {
    /// The name with `_` for each character that is not allowed.
    static func valid(_ name: String) -> String {
        let characters = name.unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", ":": Character(scalar)
            default: "_"
            }
        }
        return (characters.first.map { $0.isNumber } ?? true ? "_" : "") + String(characters)
    }

    static func escaped(label: String) -> String {
        guard label.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }) else { return label }
        return label.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n", "\r\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    static func escaped(help: String) -> String { help.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") }

    static func text(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }
}
