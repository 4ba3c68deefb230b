/// A node of a decoded form: a text, or a table of named nodes.
///
/// `expand[]=a&expand[]=b` and `expand[0]=a&expand[1]=b` are both a table; whether its names are an array's positions or the keys of
/// `metadata` is for the reader of the parameter to say.
indirect enum Form: Sendable, Equatable, Codable {
    case text(String)
    case table([Entry])

    /// One name of a table and what it holds.
    struct Entry: Sendable, Equatable, Codable {
        var name: String
        var value: Form
    }

    static let empty = Form.table([])

    /// The entry of that name, of a table.
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

    /// A text that is the same for the same parameters, in whatever order they were sent.
    var canonical: String {
        switch self {
        case .text(let text): JSON.string(text).text
        case .table(let entries):
            "{" + entries.sorted { $0.name < $1.name }.map { JSON.string($0.name).text + ":" + $0.value.canonical }.joined(separator: ",") + "}"
        }
    }
}
