/// Names and values of one object, one per line; missing values are left out.
public struct FieldList {
    private var fields: [(name: String, cell: Table.Cell)] = []

    /// No fields.
    public init() {}

    /// Adds a field, unless it is nil.
    public mutating func add(_ name: String, _ value: String?, _ style: Terminal.Style = .plain) {
        if let value { self.fields.append((name, Table.Cell(value, style))) }
    }

    /// Prints them to standard output, values whole: breaking long lines is up to the terminal.
    public func print(indent: Int = 2) {
        let width = self.fields.map(\.name.columns).max() ?? 0
        for field in self.fields {
            let blanks = String(repeating: " ", count: width - field.name.columns + 2)
            Swift.print(
                String(repeating: " ", count: indent) + Terminal.output.styled(field.name, .dim) + blanks
                    + Terminal.output.styled(field.cell.text, field.cell.style))
        }
    }
}

extension Terminal {
    /// Prints the title of a section of a longer text.
    public static func section(_ title: String) { Swift.print("\n" + Self.output.styled(title, .bold)) }
}
