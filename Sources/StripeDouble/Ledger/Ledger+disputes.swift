/// `/v1/disputes`: https://docs.stripe.com/api/disputes
extension Ledger {
    func retrieveDispute(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .dispute)
        try parameters.refuseUnknown()
        guard let dispute = self.disputes[id] else { throw .noSuch("dispute", id) }
        return self.json(dispute, expansion)
    }

    func listDisputes(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let intent = try parameters.text("payment_intent")
        let charge = try parameters.text("charge")
        let page = try Page(&parameters, of: .dispute)
        return try page.list(self.disputes, url: "/v1/disputes", named: "dispute") { dispute in
            (intent.map { $0 == dispute.paymentIntent } ?? true) && (charge.map { $0 == dispute.charge } ?? true)
        } render: {
            self.json($0, page.expansion)
        }
    }

    /// Submits evidence. As in Stripe's test mode, `evidence[uncategorized_text]` with `winning_evidence` or `losing_evidence` decides the dispute.
    func updateDispute(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .dispute)
        let evidence = try parameters.tree("evidence")
        let submits = try parameters.boolean("submit") ?? true
        let metadata = try parameters.metadata()
        try parameters.refuseUnknown()
        guard var dispute = self.disputes[id] else { throw .noSuch("dispute", id) }
        if evidence != nil && dispute.status.isClosed { throw .refused("This dispute is already closed", code: "dispute_already_closed") }
        let before = self.json(dispute)
        if let metadata { dispute.metadata = metadata.applied(to: dispute.metadata) }
        if let evidence {
            guard case .table = evidence else { throw .badRequest("Invalid object", param: "evidence") }
            dispute.evidence = evidence
            if submits {
                dispute.submissions += 1
                dispute.status = dispute.status.isWarning ? .warningUnderReview : .underReview
            }
        }
        self.put(dispute)
        self.emit("charge.dispute.updated", self.json(dispute), previous: .previous(before, self.json(dispute)))
        if submits, case .text(let text)? = evidence?["uncategorized_text"] {
            if text == "winning_evidence" { dispute = try self.closeDispute(id, as: .won) }
            if text == "losing_evidence" { dispute = try self.closeDispute(id, as: .lost) }
        }
        return self.json(dispute, expansion)
    }

    /// Accepts the dispute, which is then lost.
    func closeDispute(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .dispute)
        try parameters.refuseUnknown()
        guard let dispute = self.disputes[id] else { throw .noSuch("dispute", id) }
        return self.json(try self.closeDispute(id, as: dispute.status.isWarning ? .warningClosed : .lost), expansion)
    }

    /// Opens a dispute: the customer's bank takes the money back, or only inquires (a status `warning_…`).
    func dispute(_ charge: Charge, amount: Int?, reason: String, status: Dispute.Status) throws(StripeError) -> Dispute {
        guard charge.isCaptured, !charge.isDisputed else { throw .refused("Charge \(charge.id) cannot be disputed as it is.") }
        let amount = amount ?? charge.amountCaptured
        guard (1...charge.amountCaptured).contains(amount) else {
            throw .badRequest("The amount must be between 1 and \(charge.amountCaptured).", param: "amount")
        }
        let dispute = Dispute(
            id: Identifier.make("dp"), serial: self.nextSerial(), created: self.now, amount: amount, currency: charge.currency, charge: charge.id,
            paymentIntent: charge.paymentIntent, reason: reason, status: status)
        self.put(dispute)
        self.emit("charge.dispute.created", self.json(dispute))
        if !status.isWarning {
            var charge = charge
            charge.isDisputed = true
            self.put(charge)
            self.emit("charge.dispute.funds_withdrawn", self.json(dispute))
        }
        return dispute
    }

    /// Records a change of status that does not close it.
    func moveDispute(_ id: String, to status: Dispute.Status) throws(StripeError) -> Dispute {
        guard var dispute = self.disputes[id] else { throw .noSuch("dispute", id) }
        guard !status.isClosed, !dispute.status.isClosed || dispute.status.mayReopen(as: status) else {
            throw .refused("This dispute is already closed", code: "dispute_already_closed")
        }
        let before = self.json(dispute)
        let wasWarning = dispute.status.isWarning
        dispute.status = status
        self.put(dispute)
        self.emit("charge.dispute.updated", self.json(dispute), previous: .previous(before, self.json(dispute)))
        if wasWarning, !status.isWarning, var charge = self.charges[dispute.charge] {
            charge.isDisputed = true
            self.put(charge)
            self.emit("charge.dispute.funds_withdrawn", self.json(dispute))
        }
        return dispute
    }

    func closeDispute(_ id: String, as status: Dispute.Status) throws(StripeError) -> Dispute {
        guard var dispute = self.disputes[id] else { throw .noSuch("dispute", id) }
        guard !dispute.status.isClosed, status.isClosed else { throw .refused("This dispute is already closed", code: "dispute_already_closed") }
        let before = self.json(dispute)
        dispute.status = status
        self.put(dispute)
        self.emit("charge.dispute.closed", self.json(dispute), previous: .previous(before, self.json(dispute)))
        if status == .won, var charge = self.charges[dispute.charge] {
            charge.isDisputed = false
            self.put(charge)
            self.emit("charge.dispute.funds_reinstated", self.json(dispute))
        }
        return dispute
    }
}
