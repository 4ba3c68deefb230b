/// Reads the parameters of one call strictly: the endpoint reads each by its name and type, and refuses the rest at the end.
struct Parameters: Sendable {
    private let entries: [Form.Entry]
    /// The name of the enclosing parameter: `automatic_payment_methods`.
    private let prefix: String
    private var read: Set<String> = []

    /// The parameters of a decoded form.
    init(_ form: Form) {
        guard case .table(let entries) = form else { preconditionFailure("a call's form is a table") }
        self.init(entries: entries, prefix: "")
    }

    private init(entries: [Form.Entry], prefix: String) {
        self.entries = entries
        self.prefix = prefix
    }

    /// The name as the client wrote it: `automatic_payment_methods[enabled]`.
    private func fullName(_ name: String) -> String { self.prefix.isEmpty ? name : "\(self.prefix)[\(name)]" }

    private mutating func node(_ name: String) -> Form? {
        self.read.insert(name)
        return self.entries.first { $0.name == name }?.value
    }

    /// A text; an empty one counts as absent (Stripe unsets fields with it).
    mutating func text(_ name: String, limit: Int = 5000) throws(StripeError) -> String? {
        switch self.node(name) {
        case nil: return nil
        case .text(let text):
            if text.utf8.contains(0) { throw .badRequest("Invalid string: it holds a NUL.", param: self.fullName(name)) }
            if text.count > limit { throw .badRequest("Invalid string: must be at most \(limit) characters", param: self.fullName(name)) }
            return text.isEmpty ? nil : text
        case .table: throw .badRequest("Invalid string: \(self.fullName(name)) is a table.", param: self.fullName(name))
        }
    }

    mutating func integer(_ name: String) throws(StripeError) -> Int? {
        guard let text = try self.text(name) else { return nil }
        guard let value = Int(text) else {
            throw .badRequest("Invalid integer: \(text)", code: "parameter_invalid_integer", param: self.fullName(name))
        }
        return value
    }

    /// Seconds with a fraction, for the control API.
    mutating func seconds(_ name: String) throws(StripeError) -> Double? {
        guard let text = try self.text(name) else { return nil }
        guard let value = Double(text), value.isFinite, abs(value) < 1e9 else {
            throw .badRequest("Invalid number of seconds: \(text)", param: self.fullName(name))
        }
        return value
    }

    mutating func boolean(_ name: String) throws(StripeError) -> Bool? {
        switch try self.text(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        case .some(let text): throw .badRequest("Invalid boolean: \(text)", param: self.fullName(name))
        }
    }

    /// One of an enumeration's raw values.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, as type: Choice.Type = Choice.self) throws(StripeError) -> Choice?
    where Choice.RawValue == String {
        guard let text = try self.text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("Invalid \(self.fullName(name)): must be one of \(all)", param: self.fullName(name))
        }
        return choice
    }

    /// A list: `name[]=a&name[]=b`.
    mutating func list(_ name: String) throws(StripeError) -> [String] {
        switch self.node(name) {
        case nil: return []
        case .text: throw .badRequest("Invalid array", param: self.fullName(name))
        case .table(let entries):
            var list: [String] = []
            for entry in entries {
                guard Int(entry.name) != nil, case .text(let text) = entry.value else {
                    throw .badRequest("Invalid array", param: self.fullName(name))
                }
                list.append(text)
            }
            return list
        }
    }

    /// Nested parameters; the caller reads them and refuses the rest in the same way.
    mutating func nested(_ name: String) throws(StripeError) -> Parameters? {
        switch self.node(name) {
        case nil: return nil
        case .text(let text):
            if text.isEmpty { return nil }
            throw .badRequest("Invalid object", param: self.fullName(name))
        case .table(let entries): return Parameters(entries: entries, prefix: self.fullName(name))
        }
    }

    /// The unread tree below a name, e.g. `shipping`.
    mutating func tree(_ name: String) throws(StripeError) -> Form? { self.node(name) }

    /// Refuses parameters that were not read.
    ///
    /// - Parameter unsimulated: Stripe's parameters that the double does not simulate; the error about them says so.
    func refuseUnknown(unsimulated: Set<String> = []) throws(StripeError) {
        let left = self.entries.map(\.name).filter { !self.read.contains($0) }
        guard let first = left.first else { return }
        if left.allSatisfy(unsimulated.contains) {
            throw .badRequest(
                "This double of Stripe does not simulate the parameter: \(self.fullName(first))", code: "parameter_unknown",
                param: self.fullName(first))
        }
        let names = left.map(self.fullName).joined(separator: ", ")
        throw .badRequest(
            "Received unknown parameter\(left.count > 1 ? "s" : ""): \(names)", code: "parameter_unknown", param: self.fullName(first))
    }
}
