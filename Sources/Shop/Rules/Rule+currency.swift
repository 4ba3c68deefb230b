public import Conveyor

extension Rule<String> {
    /// A currency (ISO 4217) that Stripe supports, stored in lower case.
    public static var currency: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count == 3, text.utf8.allSatisfy(\.isLetter) else { throw Violation("must be a three-letter currency code (ISO 4217)") }
            let code = text.lowercased()
            guard Currency(code) != nil else { throw Violation("must be a currency that Stripe supports") }
            return code
        }
    }
}
