import Conveyor

/// A chart of the last hour, for the template `chart`: drawn on the server, so it needs no script. Widths are percentages; text keeps its size on any
/// screen.
struct TimeChart: Sendable {
    /// One quantity over time; nil without a measurement.
    struct Series: Sendable {
        let name: String
        /// Its colour, as a class of the stylesheet.
        let tone: String
        let values: [Double?]
        /// Formats a value.
        let text: @Sendable (Double) -> String
    }

    struct Drawn: Sendable {
        let name: String
        let tone: String
        let latest: String
        let line: String
        let area: String
    }

    struct GridLine: Sendable {
        let y: String
        let label: String
        let labelY: String
    }

    struct Tick: Sendable {
        let x: String
        let label: String
        let anchor: String
    }

    struct Column: Sendable {
        let x: String
        let width: String
        let title: String
    }

    let title: String
    let id: String
    let height: Int
    let plotHeight: Int
    let baseline: Int
    let tickY: Int
    let gridLines: [GridLine]
    let ticks: [Tick]
    let series: [Drawn]
    let columns: [Column]
    /// A description for screen readers.
    let summary: String
    let isEmpty: Bool

    private static let top = 16
    private static let plotHeight = 130
    private static let width = 1000.0

    /// - Parameters:
    ///   - start: the time of the first value, in milliseconds since 1970.
    ///   - step: the time between two values, in milliseconds.
    ///   - smallestScale: the smallest range of the axis.
    init(id: String, title: String, start: Int64, step: Int64, smallestScale: Double, series: [Series]) {
        let count = series.map(\.values.count).max() ?? 0
        let greatest = series.flatMap { $0.values.compactMap(\.self) }.max() ?? 0
        let scale = max(Self.scale(above: greatest), smallestScale)
        let (top, height) = (Double(Self.top), Double(Self.plotHeight))
        func x(_ index: Int) -> Double { Self.width * Double(index) / Double(max(1, count - 1)) }
        func y(_ value: Double) -> Double { height - height * min(max(value, 0), scale) / scale }

        self.id = id
        self.title = title
        self.height = Self.top + Self.plotHeight + 20
        self.plotHeight = Self.plotHeight
        self.baseline = Self.top + Self.plotHeight
        self.tickY = Self.top + Self.plotHeight + 15
        let text = series.first?.text ?? { Quantity.count(Quantity.whole($0)) }
        self.gridLines = [1.0, 0.5, 0].map { share in
            let y = top + height - height * share
            return GridLine(y: Self.number(y), label: share == 0 ? "" : text(scale * share), labelY: Self.number(y - 4))
        }
        self.ticks = Self.ticks(start: start, end: start + step * Int64(max(1, count - 1)))
        self.series = series.map { one in
            var (line, area) = ("", "")
            var run: [(x: Double, y: Double)] = []
            func close() {
                guard let first = run.first, let last = run.last else { return }
                // A single value becomes a short line, so that it is visible.
                let points = run.count > 1 ? run : [first, (first.x + 1, first.y)]
                let path = points.map { "\(Self.number($0.x)) \(Self.number($0.y))" }.joined(separator: "L")
                line += "M\(path)"
                area += "M\(Self.number(first.x)) \(Self.number(height))L\(path)L\(Self.number(max(last.x, first.x + 1))) \(Self.number(height))Z"
                run = []
            }
            for (index, value) in one.values.enumerated() {
                if let value { run.append((x(index), y(value))) } else { close() }
            }
            close()
            return Drawn(
                name: one.name, tone: one.tone, latest: one.values.last.flatMap(\.self).map(one.text) ?? "–", line: line, area: area)
        }
        self.columns = (0..<count).compactMap { index in
            let parts = series.compactMap { one in one.values[index].map { "\(one.text($0)) \(one.name)" } }
            guard !parts.isEmpty else { return nil }
            let clock = Timestamp.string(milliseconds: start + step * Int64(index)).dropFirst(11).prefix(5)
            let width = 100 / Double(count)
            return Column(
                x: Self.number(width * Double(index)) + "%", width: Self.number(width) + "%", title: "\(clock)  " + parts.joined(separator: ", "))
        }
        self.isEmpty = self.columns.isEmpty
        self.summary =
            "\(title), the last hour. "
            + series.map { one in
                let values = one.values.compactMap(\.self)
                return "\(one.name): \(values.last.map(one.text) ?? "not known") now, at most \(values.max().map(one.text) ?? "not known")"
            }.joined(separator: "; ")
    }

    /// Full ten minutes, as time of day.
    private static func ticks(start: Int64, end: Int64) -> [Tick] {
        let interval: Int64 = 600_000
        var ticks: [Tick] = []
        var at = (start / interval + 1) * interval
        while at <= end {
            let share = Double(at - start) / Double(end - start)
            ticks.append(
                Tick(
                    x: self.number(share * 100) + "%", label: String(Timestamp.string(milliseconds: at).dropFirst(11).prefix(5)),
                    anchor: share < 0.04 ? "start" : share > 0.96 ? "end" : "middle"))
            at += interval
        }
        return ticks
    }

    /// The next value that is 1, 2 or 5 times a power of ten.
    static func scale(above value: Double) -> Double {
        guard value > 1 else { return 1 }
        var unit = 1.0
        while unit * 10 < value { unit *= 10 }
        return [1, 2, 5, 10].map { $0 * unit }.first { $0 >= value } ?? value
    }

    /// A coordinate; two decimals exceed the precision of any screen.
    static func number(_ value: Double) -> String {
        let hundredths = Quantity.whole(value * 100)
        let (whole, fraction) = (abs(hundredths) / 100, abs(hundredths) % 100)
        let sign = hundredths < 0 ? "-" : ""
        if fraction == 0 { return "\(sign)\(whole)" }
        return "\(sign)\(whole).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
