/// The values of a template by name. A missing value is omitted together with its section.
public typealias MailValues = [String: any Sendable]

extension MailValues {
    /// Adds a name and value to the list `facts`, unless the value is missing.
    public mutating func addFact(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        self["facts"] = (self["facts"] as? [[String: String]] ?? []) + [["name": name, "value": value]]
        self["has_facts"] = true
    }
}
