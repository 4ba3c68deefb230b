/// What the templates are filled with, by name. A value that is missing is left out, with the section around it.
public typealias MailValues = [String: any Sendable]

extension MailValues {
    /// Adds a name and value to the list `facts`, unless the value is missing.
    public mutating func addFact(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        self["facts"] = (self["facts"] as? [[String: String]] ?? []) + [["name": name, "value": value]]
        self["has_facts"] = true
    }
}
