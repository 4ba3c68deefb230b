import Conveyor
import FoundationEssentials

/// A trace over time, for the template `trace`: one row per step, below its cause, from left to right.
struct TracePicture: Sendable {
    struct Row: Sendable {
        let label: String
        /// Its result and duration.
        let note: String
        let indent: Int
        let labelY: Int
        /// For a phone, which has no room beside the label.
        let noteY: Int
        let barY: Int
        let bars: [Bar]
        let link: String?
    }

    struct Bar: Sendable {
        let x: String
        let width: String
        /// A class of the stylesheet.
        let kind: String
        let title: String
    }

    struct Tick: Sendable {
        let x: String
        let label: String
        let anchor: String
    }

    struct Mark: Sendable {
        let x: String
        let label: String
    }

    struct Gap: Sendable {
        let x: String
        let middle: String
        let width: String
        let label: String
    }

    let rows: [Row]
    let ticks: [Tick]
    let gaps: [Gap]
    /// Marks of the time since the beginning of a stretch.
    let marks: [Mark]
    /// The gap between two chains.
    let rules: [Int]
    let height: Int
    let gapHeight: Int
    let summary: String
    /// The number of rows that are not drawn.
    let omitted: String?

    private static let top = 44
    private static let rowHeight = 40
    private static let mostRows = 400

    /// - Parameter now: milliseconds since 1970: steps in progress extend to it.
    init(_ roots: [TraceNode], now: Int64) {
        var spans: [TraceSpan] = []
        var begins: [Int] = []
        for root in roots {
            begins.append(spans.count)
            TraceSpan.append(root, depth: 0, now: now, to: &spans)
        }
        let drawn = spans.prefix(Self.mostRows)
        let scale = TimeScale(drawn.flatMap { $0.stretches.map { ($0.from, $0.to) } })
        self.rows = drawn.enumerated().map { index, span in
            let y = Self.top + index * Self.rowHeight
            return Row(
                label: span.label, note: span.note, indent: span.depth * 14, labelY: y + 13, noteY: y + 25, barY: y + 19,
                bars: span.stretches.map { stretch in
                    let (from, to) = (scale.position(stretch.from), scale.position(stretch.to))
                    // Very short steps stay visible.
                    let width = max(to - from, 0.5)
                    return Bar(
                        x: TimeChart.number(min(from, 100 - width)) + "%", width: TimeChart.number(width) + "%", kind: stretch.kind,
                        title: stretch.title)
                },
                link: span.link)
        }
        self.ticks = scale.starts.map { at, x in
            Tick(
                x: TimeChart.number(x) + "%", label: String(Timestamp.string(milliseconds: Int64(at)).dropFirst(11).dropLast()),
                anchor: x > 90 ? "end" : "start")
        }
        self.marks = scale.marks.map { Mark(x: TimeChart.number($0.x) + "%", label: "+" + Quantity.span(milliseconds: $0.milliseconds)) }
        self.rules = begins.dropFirst().filter { $0 < drawn.count }.map { Self.top + $0 * Self.rowHeight - 3 }
        self.gaps = scale.breaks.map { gap in
            Gap(
                x: TimeChart.number(gap.x) + "%", middle: TimeChart.number(gap.x + gap.width / 2) + "%", width: TimeChart.number(gap.width) + "%",
                label: Quantity.span(milliseconds: gap.milliseconds))
        }
        self.height = Self.top + drawn.count * Self.rowHeight
        self.gapHeight = self.height - 30
        self.summary = "\(Quantity.count(spans.count, "step")), drawn over time; the same stands below as text."
        self.omitted = spans.count > drawn.count ? "\(Quantity.count(spans.count - drawn.count, "more step")) stand in the text alone." : nil
    }
}
