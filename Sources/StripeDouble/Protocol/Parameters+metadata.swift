extension Parameters {
    /// A change to `metadata`: names with an empty value are removed, `metadata=` removes all.
    struct MetadataChange {
        var removesAll = false
        var values: [String: String] = [:]

        func applied(to metadata: [String: String]) -> [String: String] {
            var result = self.removesAll ? [:] : metadata
            for (name, value) in self.values { result[name] = value.isEmpty ? nil : value }
            return result
        }
    }

    /// https://docs.stripe.com/api/metadata: up to 50 names of 40 characters, values of 500.
    mutating func metadata() throws(StripeError) -> MetadataChange? {
        guard let tree = try self.tree("metadata") else { return nil }
        switch tree {
        case .text(let text):
            if text.isEmpty { return MetadataChange(removesAll: true) }
            throw .badRequest("Invalid metadata: metadata must be a set of key-value pairs", param: "metadata")
        case .table(let entries):
            if entries.count > 50 { throw .badRequest("Metadata can have at most 50 keys.", param: "metadata") }
            var change = MetadataChange()
            for entry in entries {
                let param = "metadata[\(entry.name)]"
                guard case .text(let value) = entry.value else { throw .badRequest("Metadata values must be strings", param: param) }
                if entry.name.count > 40 { throw .badRequest("Metadata keys must be up to 40 characters.", param: param) }
                if value.count > 500 { throw .badRequest("Metadata values must be up to 500 characters.", param: param) }
                change.values[entry.name] = value
            }
            return change
        }
    }
}
