/// A node of a decoded form: a text, or a table of named nodes.
///
/// `expand[]=a&expand[]=b` and `expand[0]=a&expand[1]=b` are both tables; the reader of the parameter decides whether the names are positions in
/// an array or keys of `metadata`.
indirect enum Form: Sendable, Equatable, Codable {
    case text(String)
    case table([Entry])

    /// One name of a table with its node.
    struct Entry: Sendable, Equatable, Codable {
        var name: String
        var value: Form
    }

    static let empty = Form.table([])

    /// The node with a name; nil if there is none, or this is not a table.
    subscript(name: String) -> Form? {
        guard case .table(let entries) = self else { return nil }
        return entries.first { $0.name == name }?.value
    }

    /// The form as JSON: tables become objects.
    var json: JSON {
        switch self {
        case .text(let text): .string(text)
        case .table(let entries): .object(entries.map { JSON.Member(name: $0.name, value: $0.value.json) })
        }
    }

    /// A text that is equal for equal parameters, in any order.
    var canonical: String {
        switch self {
        case .text(let text): JSON.string(text).text
        case .table(let entries):
            "{" + entries.sorted { $0.name < $1.name }.map { JSON.string($0.name).text + ":" + $0.value.canonical }.joined(separator: ",") + "}"
        }
    }
}
