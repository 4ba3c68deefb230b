extension Ledger {
    /// The charge as the API sends it; contains refunds only if they are expanded.
    func json(_ charge: Charge, _ expansion: Expansion = .none) -> JSON {
        let amountRefunded = charge.amountRefunded + charge.amountReleased
        var members: [JSON.Member] = []
        func add(_ part: JSON) { if case .object(let more) = part { members.append(contentsOf: more) } }
        add([
            "id": .string(charge.id), "object": "charge", "amount": .integer(charge.amount), "amount_captured": .integer(charge.amountCaptured),
            "amount_refunded": .integer(amountRefunded), "application": nil, "application_fee": nil, "application_fee_amount": nil,
            "balance_transaction": nil, "billing_details": .emptyBillingDetails, "calculated_statement_descriptor": "CONVEYOR",
            "captured": .bool(charge.isCaptured), "created": .integer(charge.created), "currency": .string(charge.currency), "customer": nil,
            "description": .text(charge.description), "disputed": .bool(charge.isDisputed), "failure_balance_transaction": nil,
            "failure_code": .text(charge.failure?.code), "failure_message": .text(charge.failure?.message), "fraud_details": [:],
            "livemode": false, "metadata": .table(charge.metadata), "on_behalf_of": nil, "outcome": self.outcome(of: charge),
            "paid": .bool(charge.status == .succeeded),
        ])
        add([
            "payment_intent": self.expandable(charge.paymentIntent, expansion["payment_intent"]) { id, expansion in
                self.intents[id].map { self.json($0, expansion) }
            },
            "payment_method": .string(charge.paymentMethod),
            "payment_method_details": self.methods[charge.paymentMethod].map(self.details) ?? nil,
            "receipt_email": .text(charge.receiptEmail), "receipt_number": nil,
            "receipt_url": charge.status == .succeeded ? .string("\(self.origin)/receipts/\(charge.id)") : nil,
            "refunded": .bool(charge.status == .succeeded && amountRefunded == charge.amount),
        ])
        if expansion["refunds"] != nil { add(["refunds": self.refundList(of: charge)]) }
        add([
            "review": nil, "shipping": charge.shipping?.json ?? nil, "source": nil, "source_transfer": nil, "statement_descriptor": nil,
            "statement_descriptor_suffix": nil, "status": .string(charge.status.rawValue), "transfer_data": nil, "transfer_group": nil,
        ])
        return .object(members)
    }

    private func refundList(of charge: Charge) -> JSON {
        let all = (self.refundsOfIntent[charge.paymentIntent] ?? []).compactMap { self.refunds[$0] }.filter { $0.charge == charge.id }
        return [
            "object": "list", "data": .array(all.suffix(10).reversed().map { self.json($0) }), "has_more": .bool(all.count > 10),
            "url": .string("/v1/charges/\(charge.id)/refunds"),
        ]
    }

    private func outcome(of charge: Charge) -> JSON {
        guard charge.status != .pending else { return nil }
        guard let failure = charge.failure else {
            return [
                "advice_code": nil, "network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "risk_score": 10,
                "seller_message": "Payment complete.", "type": "authorized",
            ]
        }
        return [
            "advice_code": nil, "network_status": "declined_by_network", "reason": .text(failure.declineCode), "risk_level": "normal",
            "risk_score": 10, "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined",
        ]
    }
}
