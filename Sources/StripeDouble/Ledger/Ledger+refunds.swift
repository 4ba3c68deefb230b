/// `/v1/refunds`: https://docs.stripe.com/api/refunds
extension Ledger {
    func createRefund(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .refund)
        let intentID = try parameters.text("payment_intent")
        let chargeID = try parameters.text("charge")
        let amount = try parameters.integer("amount")
        let reason = try parameters.choice("reason", as: Refund.Reason.self)
        let metadata = try parameters.metadata()
        try parameters.refuseUnknown(unsimulated: [
            "currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer",
        ])
        let charge = try self.refundableCharge(ofIntent: intentID, orCharge: chargeID)
        if let amount, amount < 1 { throw .badRequest("Invalid positive integer", code: "parameter_invalid_integer", param: "amount") }
        return self.json(try self.refund(charge, amount: amount, reason: reason, metadata: metadata?.values ?? [:]), expansion)
    }

    /// Refunds a charge; the amount counts as refunded at once, unless the refund fails later.
    ///
    /// - Parameter amount: nil refunds the whole rest.
    func refund(_ charge: Charge, amount: Int?, reason: Refund.Reason?, metadata: [String: String]) throws(StripeError) -> Refund {
        if charge.isDisputed {
            throw .refused("Charge \(charge.id) has been charged back; cannot issue a refund.", code: "charge_disputed")
        }
        if charge.amountRefundable == 0 { throw .refused("Charge \(charge.id) has already been refunded.", code: "charge_already_refunded") }
        let amount = amount ?? charge.amountRefundable
        try Currency.checkFractions(amount, charge.currency)
        if amount > charge.amountRefundable {
            throw .refused(
                "Refund amount (\(Currency.text(amount, charge.currency))) is greater than unrefunded amount on charge "
                    + "(\(Currency.text(charge.amountRefundable, charge.currency)))", param: "amount")
        }
        let test = self.methods[charge.paymentMethod]?.test
        // A refund to a card succeeds at once, a refund to a bank account later: https://docs.stripe.com/refunds
        let status: Refund.Status = test == .pendingRefund || test?.number == nil ? .pending : .succeeded
        let refund = Refund(
            id: Identifier.make(test?.number == nil ? "pyr" : "re"), serial: self.nextSerial(), created: self.now, amount: amount,
            currency: charge.currency, charge: charge.id, paymentIntent: charge.paymentIntent, status: status, reason: reason, metadata: metadata)
        let before = self.json(charge)
        var charge = charge
        charge.amountRefunded += amount
        self.put(refund)
        self.put(charge)
        self.emit("refund.created", self.json(refund))
        self.emit("charge.refunded", self.json(charge), previous: .previous(before, self.json(charge)))
        if status == .pending { self.later(.finishRefund(id: refund.id, status: .succeeded)) }
        if test == .refundFail { self.later(.finishRefund(id: refund.id, status: .failed)) }
        return refund
    }

    func retrieveRefund(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .refund)
        try parameters.refuseUnknown()
        guard let refund = self.refunds[id] else { throw .noSuch("refund", id) }
        return self.json(refund, expansion)
    }

    func listRefunds(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let intent = try parameters.text("payment_intent")
        let charge = try parameters.text("charge")
        let page = try Page(&parameters, of: .refund)
        if let intent, self.intents[intent] == nil { throw .noSuch("payment_intent", intent, param: "payment_intent") }
        if let charge, self.charges[charge] == nil { throw .noSuch("charge", charge, param: "charge") }
        let ids = (intent ?? charge.flatMap { self.charges[$0]?.paymentIntent }).map { self.refundsOfIntent[$0] ?? [] }
        return try page.list(self.refunds, ids: ids, url: "/v1/refunds", named: "refund") { refund in
            charge.map { $0 == refund.charge } ?? true
        } render: {
            self.json($0, page.expansion)
        }
    }

    func updateRefund(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .refund)
        let metadata = try parameters.metadata()
        try parameters.refuseUnknown()
        guard var refund = self.refunds[id] else { throw .noSuch("refund", id) }
        if let metadata {
            let before = self.json(refund)
            refund.metadata = metadata.applied(to: refund.metadata)
            self.put(refund)
            self.emitUpdate(of: refund, before: before)
        }
        return self.json(refund, expansion)
    }

    func cancelRefund(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .refund)
        try parameters.refuseUnknown()
        return self.json(try self.finishRefund(id, as: .canceled, failureReason: nil), expansion)
    }

    /// Ends a refund: pending → succeeded, failed or canceled; succeeded → failed, days later.
    func finishRefund(_ id: String, as status: Refund.Status, failureReason: String?) throws(StripeError) -> Refund {
        guard var refund = self.refunds[id] else { throw .noSuch("refund", id) }
        let isAllowed = refund.status == .pending ? status != .pending : refund.status == .succeeded && status == .failed
        guard isAllowed, var charge = self.charges[refund.charge] else {
            throw .refused("This refund has a status of \(refund.status.rawValue) and cannot become \(status.rawValue).")
        }
        let before = self.json(refund)
        refund.status = status
        if status == .failed { refund.failureReason = failureReason ?? "lost_or_stolen_card" }
        self.put(refund)
        if status != .succeeded {
            charge.amountRefunded -= refund.amount
            self.put(charge)
        }
        self.emitUpdate(of: refund, before: before)
        if status == .failed { self.emit("refund.failed", self.json(refund)) }
        return refund
    }

    /// The charge that a refund names, directly or by its PaymentIntent.
    func refundableCharge(ofIntent intentID: String?, orCharge chargeID: String?) throws(StripeError) -> Charge {
        switch (intentID, chargeID) {
        case (nil, nil):
            throw .badRequest(
                "One of the following params should be provided for this request: payment_intent or charge.", code: "parameter_missing",
                param: "payment_intent")
        case (_?, _?): throw .badRequest("You may specify either `payment_intent` or `charge`, but not both.", param: "charge")
        case (nil, let chargeID?):
            guard let charge = self.charges[chargeID] else { throw .noSuch("charge", chargeID, param: "charge") }
            guard charge.status == .succeeded, charge.isCaptured else {
                throw .refused("Charge \(chargeID) is not refundable: it has not been captured.", param: "charge")
            }
            return charge
        case (let intentID?, nil):
            guard let intent = self.intents[intentID] else { throw .noSuch("payment_intent", intentID, param: "payment_intent") }
            guard let charge = intent.latestCharge.flatMap({ self.charges[$0] }), charge.status == .succeeded, charge.isCaptured else {
                throw .refused("This PaymentIntent (\(intentID)) does not have a successful charge to refund.", param: "payment_intent")
            }
            return charge
        }
    }

    /// Emits `refund.updated`, and the event with its older name.
    private func emitUpdate(of refund: Refund, before: JSON) {
        let after = self.json(refund)
        self.emit("refund.updated", after, previous: .previous(before, after))
        self.emit("charge.refund.updated", after, previous: .previous(before, after))
    }
}
