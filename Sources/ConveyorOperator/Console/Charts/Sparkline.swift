/// A line without axes beside a number, which shows its recent values.
struct Sparkline: Sendable {
    let line: String
    let area: String

    /// - Parameter values: evenly spaced in time; nil without a measurement.
    init(_ values: [Double?]) {
        let greatest = max(values.compactMap(\.self).max() ?? 0, 1)
        let points = values.enumerated().compactMap { index, value in
            value.map { value in
                let x = 100 * Double(index) / Double(max(1, values.count - 1))
                return (x: x, text: "\(TimeChart.number(x)) \(TimeChart.number(22 - 20 * value / greatest))")
            }
        }
        guard points.count >= 5, let first = points.first, let last = points.last else {
            (self.line, self.area) = ("", "")
            return
        }
        let path = points.map(\.text).joined(separator: "L")
        self.line = "M" + path
        self.area = "M\(TimeChart.number(first.x)) 24L\(path)L\(TimeChart.number(last.x)) 24Z"
    }
}
