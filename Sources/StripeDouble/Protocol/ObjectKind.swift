/// The kinds of objects, and which of their fields `expand[]` may name.
enum ObjectKind: Sendable {
    case paymentIntent, charge, refund, dispute, paymentMethod, event

    /// The expandable fields that contain an object of the double.
    private var objects: [String: ObjectKind] {
        switch self {
        case .paymentIntent: ["latest_charge": .charge, "payment_method": .paymentMethod]
        case .charge: ["payment_intent": .paymentIntent]
        case .refund, .dispute: ["charge": .charge, "payment_intent": .paymentIntent]
        case .paymentMethod, .event: [:]
        }
    }

    /// The other expandable fields: those that are always null here, and a charge's list of refunds.
    private var others: Set<String> {
        switch self {
        case .paymentIntent: ["customer", "application", "on_behalf_of", "review"]
        case .charge:
            [
                "refunds", "balance_transaction", "customer", "application", "application_fee", "failure_balance_transaction", "on_behalf_of",
                "review", "transfer", "source_transfer",
            ]
        case .refund: ["balance_transaction", "failure_balance_transaction", "source_transfer_reversal", "transfer_reversal"]
        case .paymentMethod: ["customer"]
        case .dispute, .event: []
        }
    }

    /// - Throws: `invalid_request_error` for a path that objects of this kind lack.
    func check(_ expansion: Expansion) throws(StripeError) {
        for (name, child) in expansion.children {
            if let kind = self.objects[name] {
                try kind.check(child)
            } else if !self.others.contains(name) {
                throw .badRequest("This property cannot be expanded (\(name)).", param: "expand")
            }
        }
    }
}

extension Parameters {
    mutating func expansion(of kind: ObjectKind) throws(StripeError) -> Expansion {
        let expansion = try Expansion(paths: self.list("expand"))
        try kind.check(expansion)
        return expansion
    }

    /// Reads `expand[]` of a list, in which the paths begin with `data`.
    mutating func expansion(ofListOf kind: ObjectKind) throws(StripeError) -> Expansion {
        let expansion = try Expansion(paths: self.list("expand"))
        if let other = expansion.children.keys.first(where: { $0 != "data" }) {
            throw .badRequest("This property cannot be expanded (\(other)). You may want to try expanding 'data.\(other)' instead.", param: "expand")
        }
        let data = expansion["data"] ?? .none
        try kind.check(data)
        return data
    }
}
