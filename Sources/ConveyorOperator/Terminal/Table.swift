/// Rows in aligned columns for people. In a terminal it fits the width: shrinkable columns are cut, the widest first.
public struct Table {
    enum Alignment: Sendable { case left, right }

    /// A column.
    public struct Column: Sendable {
        var title: String
        var alignment = Alignment.left
        /// Its smallest width; nil: it does not shrink.
        var least: Int?

        /// Text, whole.
        public static func text(_ title: String) -> Column { Column(title: title) }
        /// Text of any length, cut if necessary.
        public static func long(_ title: String, least: Int = 8) -> Column { Column(title: title, least: least) }
        /// A number, right-aligned.
        public static func number(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    /// A text and its style.
    public struct Cell: Sendable, ExpressibleByStringLiteral {
        var text: String
        var style: Terminal.Style

        /// A text in a style.
        public init(_ text: String, _ style: Terminal.Style = .plain) {
            self.text = text.onOneLine
            self.style = style
        }

        /// A plain text.
        public init(stringLiteral text: String) { self.init(text) }

        /// A count: 0 is dim, and undesired counts stand out.
        public static func count(_ number: Int, bad style: Terminal.Style = .plain) -> Cell {
            Cell(Quantity.count(number), number == 0 ? .dim : style)
        }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    /// A table without rows.
    public init(_ columns: Column...) { self.columns = columns }

    /// Adds a row.
    public mutating func add(_ cells: Cell...) { self.rows.append(cells) }

    /// The lines, titles first.
    func lines(for terminal: Terminal) -> [String] {
        let widths = self.widths(in: terminal.width)
        let titles = self.columns.map { Cell($0.title, .dim) }
        return ([titles] + self.rows).map { row in
            var line = ""
            var gap = ""
            for (index, cell) in row.enumerated() {
                let text = cell.text.fitted(to: widths[index])
                let blanks = String(repeating: " ", count: max(0, widths[index] - text.columns))
                line += gap
                switch self.columns[index].alignment {
                case .right: line += blanks + terminal.styled(text, cell.style)
                case .left: line += terminal.styled(text, cell.style)
                }
                gap = self.columns[index].alignment == .left ? blanks + "  " : "  "
            }
            // No spaces at the end of a line.
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Prints it to standard output.
    public func print() {
        for line in self.lines(for: .output) { Swift.print(line) }
    }

    private func widths(in width: Int?) -> [Int] {
        var widths = self.columns.indices.map { index in
            self.rows.reduce(self.columns[index].title.columns) { max($0, $1[index].text.columns) }
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
        while excess > 0 {
            let shrinkable = widths.indices.filter { index in self.columns[index].least.map { widths[index] > $0 } ?? false }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
