extension Ledger {
    func json(_ refund: Refund, _ expansion: Expansion = .none) -> JSON {
        [
            "id": .string(refund.id), "object": "refund", "amount": .integer(refund.amount), "balance_transaction": nil,
            "charge": self.expandable(refund.charge, expansion["charge"]) { id, expansion in self.charges[id].map { self.json($0, expansion) } },
            "created": .integer(refund.created), "currency": .string(refund.currency),
            "destination_details": [
                "card": ["reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"], "type": "card",
            ],
            "failure_reason": .text(refund.failureReason), "metadata": .table(refund.metadata),
            "payment_intent": self.expandable(refund.paymentIntent, expansion["payment_intent"]) { id, expansion in
                self.intents[id].map { self.json($0, expansion) }
            },
            "pending_reason": refund.status == .pending ? "processing" : nil, "reason": .text(refund.reason?.rawValue), "receipt_number": nil,
            "source_transfer_reversal": nil, "status": .string(refund.status.rawValue), "transfer_reversal": nil,
        ]
    }
}
