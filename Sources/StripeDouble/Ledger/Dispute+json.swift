extension Ledger {
    func json(_ dispute: Dispute, _ expansion: Expansion = .none) -> JSON {
        [
            "id": .string(dispute.id), "object": "dispute", "amount": .integer(dispute.amount), "balance_transactions": [],
            "charge": self.expandable(dispute.charge, expansion["charge"]) { id, expansion in self.charges[id].map { self.json($0, expansion) } },
            "created": .integer(dispute.created), "currency": .string(dispute.currency), "enhanced_eligibility_types": [],
            "evidence": dispute.evidence.json,
            "evidence_details": [
                "due_by": .integer(dispute.created + 7 * 24 * 3600), "has_evidence": .bool(dispute.evidence != .empty), "past_due": false,
                "submission_count": .integer(dispute.submissions),
            ],
            "is_charge_refundable": .bool(dispute.status.isWarning), "livemode": false, "metadata": .table(dispute.metadata),
            "payment_intent": self.expandable(dispute.paymentIntent, expansion["payment_intent"]) { id, expansion in
                self.intents[id].map { self.json($0, expansion) }
            },
            "payment_method_details": ["card": ["brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"], "type": "card"],
            "reason": .string(dispute.reason), "status": .string(dispute.status.rawValue),
        ]
    }
}
