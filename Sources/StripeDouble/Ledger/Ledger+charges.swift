/// `/v1/charges`: https://docs.stripe.com/api/charges
extension Ledger {
    func retrieveCharge(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .charge)
        try parameters.refuseUnknown()
        guard let charge = self.charges[id] else { throw .noSuch("charge", id) }
        return self.json(charge, expansion)
    }

    func listCharges(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let intent = try parameters.text("payment_intent")
        if let customer = try parameters.text("customer") { throw .noSuch("customer", customer, param: "customer") }
        let page = try Page(&parameters, of: .charge, unsimulated: ["transfer_group"])
        if let intent, self.intents[intent] == nil { throw .noSuch("payment_intent", intent, param: "payment_intent") }
        let ids = intent.map { self.chargesOfIntent[$0] ?? [] }
        return try page.list(self.charges, ids: ids, url: "/v1/charges", named: "charge") { self.json($0, page.expansion) }
    }
}
