/// A query in Stripe's search language over PaymentIntents: `metadata['order_id']:'7' AND -status:'canceled'`.
///
/// https://docs.stripe.com/search#search-query-language: clauses joined by AND, or by OR, never both; `-` in front of one negates it.
struct SearchQuery: Sendable {
    private enum Operator: String { case equals = ":", contains = "~", above = ">", below = "<", atLeast = ">=", atMost = "<=" }

    private struct Clause {
        var isNegated: Bool
        var field: Substring
        /// The key in `metadata['order_id']`.
        var key: String?
        var comparison: Operator
        /// Nil for `null`: the metadata lacks the key.
        var value: String?

        func matches(_ intent: PaymentIntent) -> Bool {
            let matches =
                switch self.field {
                case "amount": self.compare(intent.amount)
                case "created": self.compare(intent.created)
                case "currency": self.value?.lowercased() == intent.currency
                case "status": self.value == intent.status.rawValue
                default: self.compare(self.key.flatMap { intent.metadata[$0] })
                }
            return matches != self.isNegated
        }

        private func compare(_ text: String?) -> Bool {
            guard let text else { return self.value == nil }
            guard let value = self.value else { return false }
            return self.comparison == .contains ? text.contains(value) : text == value
        }

        private func compare(_ number: Int) -> Bool {
            guard let value = self.value.flatMap({ Int($0) }) else { return false }
            return switch self.comparison {
            case .equals: number == value
            case .above: number > value
            case .below: number < value
            case .atLeast: number >= value
            case .atMost: number <= value
            case .contains: false
            }
        }
    }

    private let clauses: [Clause]
    private let isDisjunction: Bool

    /// - Throws: `invalid_request_error` if the text is not such a query.
    init(_ text: String) throws(StripeError) {
        let clause = #/\s*(-)?(\w+)(?:\[(["'])(.+?)\3\])?\s*(>=|<=|[:~<>])\s*(?:(["'])((?:\\.|(?!\6).)*)\6|(-?\d+)|(null)\b)/#
        let joint = #/\s+(AND|OR)\s+/#.ignoresCase()
        var clauses: [Clause] = []
        var joints: Set<String> = []
        var rest = text[...]
        while true {
            guard let match = rest.prefixMatch(of: clause), let comparison = Operator(rawValue: String(match.5)) else {
                throw Self.notUnderstood(text)
            }
            let value = match.7.map { $0.replacing(#/\\(.)/#) { $0.1 } } ?? match.8
            let made = Clause(
                isNegated: match.1 != nil, field: match.2, key: match.4.map(String.init), comparison: comparison, value: value.map { String($0) })
            try Self.check(made, text)
            clauses.append(made)
            rest = rest[match.range.upperBound...]
            if rest.allSatisfy(\.isWhitespace) { break }
            guard let match = rest.prefixMatch(of: joint) else { throw Self.notUnderstood(text) }
            joints.insert(match.1.uppercased())
            rest = rest[match.range.upperBound...]
        }
        guard joints.count < 2 else { throw .badRequest("You cannot combine AND and OR in one query.", param: "query") }
        self.clauses = clauses
        self.isDisjunction = joints == ["OR"]
    }

    func matches(_ intent: PaymentIntent) -> Bool {
        self.isDisjunction ? self.clauses.contains { $0.matches(intent) } : self.clauses.allSatisfy { $0.matches(intent) }
    }

    private static func check(_ clause: Clause, _ query: String) throws(StripeError) {
        let allowed: [Operator] =
            switch (clause.field, clause.key) {
            case ("amount", nil), ("created", nil): clause.value.map { Int($0) == nil } ?? true ? [] : [.equals, .above, .below, .atLeast, .atMost]
            case ("currency", nil), ("status", nil): clause.value == nil ? [] : [.equals]
            case ("metadata", _?): clause.value == nil ? [.equals] : [.equals, .contains]
            default: throw .badRequest("Field `\(clause.field)` is an unsupported search field for resource `payment_intents`.", param: "query")
            }
        guard allowed.contains(clause.comparison) else { throw Self.notUnderstood(query) }
    }

    private static func notUnderstood(_ query: String) -> StripeError {
        .badRequest("We were unable to parse your search query: \(query). See https://docs.stripe.com/search#search-query-language.", param: "query")
    }
}
