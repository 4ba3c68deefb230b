/// Places times along a line so that activity is visible: long idle times are cut.
///
/// An order may be handled in milliseconds and then wait minutes for its payment; an even scale would show only the waiting.
struct TimeScale: Sendable {
    /// A cut idle time: its position and length.
    struct Break: Sendable, Equatable {
        /// In percent of the line.
        let x: Double
        let width: Double
        let milliseconds: Double
    }

    /// An even stretch of the line.
    private struct Stretch: Sendable {
        let from: Double
        let to: Double
        let x: Double
        let width: Double
    }

    private let stretches: [Stretch]
    let breaks: [Break]
    /// The beginnings of the stretches: in milliseconds, and in percent.
    var starts: [(at: Double, x: Double)] { self.stretches.map { ($0.from, $0.x) } }

    /// Round times within a wide stretch, after its beginning: position and time.
    var marks: [(x: Double, milliseconds: Double)] {
        self.stretches.flatMap { stretch -> [(x: Double, milliseconds: Double)] in
            let length = stretch.to - stretch.from
            guard stretch.width >= 25, length >= 0.1 else { return [] }
            // A step of 1, 2 or 5 times a power of ten, which gives two to five marks.
            var step = 0.01
            var factors = [2.0, 2.5, 2.0][...]
            while length / step > 5 {
                step *= factors[factors.startIndex]
                factors = factors.count == 1 ? [2.0, 2.5, 2.0] : factors.dropFirst()
            }
            let count = Int(length / step)
            return (1...max(1, count)).compactMap { number -> (x: Double, milliseconds: Double)? in
                let x = stretch.x + stretch.width * Double(number) * step / length
                // Not over the labels at its ends.
                return count >= 1 && x - stretch.x > 9 && stretch.x + stretch.width - x > 5 ? (x, Double(number) * step) : nil
            }
        }
    }

    private static let breakWidth = 4.0
    private static let mostBreaks = 8

    /// - Parameter spans: the active times, in milliseconds; a moment ends at its beginning.
    init(_ spans: [(from: Double, to: Double)]) {
        let busy = Self.merged(spans)
        var gaps: [(after: Int, length: Double)] = (0..<max(0, busy.count - 1)).map { ($0, busy[$0 + 1].from - busy[$0].to) }
        gaps.sort { $0.length > $1.length }
        // Longest first: idle times longer than half of all activity.
        let happened = busy.reduce(0) { $0 + $1.to - $1.from }
        let cuts = Set(gaps.prefix(Self.mostBreaks).filter { $0.length > happened / 2 && $0.length > 1 }.map(\.after))
        var runs: [(from: Double, to: Double)] = []
        for (index, span) in busy.enumerated() {
            if index > 0, !cuts.contains(index - 1) { runs[runs.count - 1].to = span.to } else { runs.append(span) }
        }
        // Each stretch has its share of the line, and never none.
        let room = 100 - Self.breakWidth * Double(max(0, runs.count - 1))
        let least = room * 0.06
        let free = room - least * Double(runs.count)
        let total = runs.reduce(0) { $0 + $1.to - $1.from }
        var x = 0.0
        var stretches: [Stretch] = []
        var breaks: [Break] = []
        for (index, run) in runs.enumerated() {
            if index > 0 {
                breaks.append(Break(x: x, width: Self.breakWidth, milliseconds: run.from - runs[index - 1].to))
                x += Self.breakWidth
            }
            let width = least + (total > 0 ? free * (run.to - run.from) / total : free / Double(runs.count))
            stretches.append(Stretch(from: run.from, to: run.to, x: x, width: width))
            x += width
        }
        self.stretches = stretches
        self.breaks = breaks
    }

    /// The position of a time, in percent. A time in a break is at its end.
    func position(_ time: Double) -> Double {
        guard let last = self.stretches.last else { return 0 }
        let stretch = self.stretches.first { time <= $0.to } ?? last
        guard stretch.to > stretch.from else { return stretch.x }
        return stretch.x + stretch.width * min(max((time - stretch.from) / (stretch.to - stretch.from), 0), 1)
    }

    private static func merged(_ spans: [(from: Double, to: Double)]) -> [(from: Double, to: Double)] {
        var merged: [(from: Double, to: Double)] = []
        for span in spans.sorted(by: { $0.from < $1.from }) {
            if let last = merged.last, span.from <= last.to {
                merged[merged.count - 1].to = max(last.to, span.to)
            } else {
                merged.append((span.from, max(span.from, span.to)))
            }
        }
        return merged
    }
}
