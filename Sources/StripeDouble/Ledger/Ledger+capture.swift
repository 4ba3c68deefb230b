/// Capture and cancellation.
extension Ledger {
    func capturePaymentIntent(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let amount = try parameters.integer("amount_to_capture")
        let metadata = try parameters.metadata()
        try parameters.refuseUnknown(unsimulated: [
            "amount_details", "application_fee_amount", "final_capture", "hooks", "payment_details", "statement_descriptor",
            "statement_descriptor_suffix", "transfer_data",
        ])
        guard var intent = self.intents[id] else { throw .noSuch("payment_intent", id) }
        guard intent.status == .requiresCapture, var charge = intent.latestCharge.flatMap({ self.charges[$0] }) else {
            throw .refused(
                "This PaymentIntent could not be captured because it has a status of \(intent.status.rawValue). Only a PaymentIntent with one of "
                    + "the following statuses may be captured: requires_capture.", code: "payment_intent_unexpected_state",
                paymentIntent: self.json(intent))
        }
        let captured = amount ?? intent.amountCapturable
        guard (1...intent.amountCapturable).contains(captured) else {
            throw .refused(
                "The amount_to_capture must be between 1 and the amount_capturable, \(intent.amountCapturable).",
                code: captured > intent.amountCapturable ? "amount_too_large" : "parameter_invalid_integer", param: "amount_to_capture")
        }
        let before = self.json(charge)
        charge.amountCaptured = captured
        charge.amountReleased = charge.amount - captured
        intent.status = .succeeded
        intent.amountReceived = captured
        intent.amountCapturable = 0
        if let metadata { intent.metadata = metadata.applied(to: intent.metadata) }
        self.put(charge)
        self.put(intent)
        self.emit("charge.captured", self.json(charge), previous: .previous(before, self.json(charge)))
        self.emit("payment_intent.succeeded", intent)
        return self.json(intent, expansion)
    }

    /// Refuses a PaymentIntent that is `processing`: Stripe cancels those "in rare cases" only.
    func cancelPaymentIntent(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let reason = try parameters.choice("cancellation_reason", as: PaymentIntent.CancellationReason.self)
        try parameters.refuseUnknown()
        return self.json(try self.cancelPaymentIntent(id, because: reason), expansion)
    }

    /// Cancels it for any reason, also for those that only Stripe uses.
    func cancelPaymentIntent(_ id: String, because reason: PaymentIntent.CancellationReason?) throws(StripeError) -> PaymentIntent {
        guard var intent = self.intents[id] else { throw .noSuch("payment_intent", id) }
        guard [.requiresPaymentMethod, .requiresCapture, .requiresConfirmation, .requiresAction].contains(intent.status) else {
            throw .refused(
                "You cannot cancel this PaymentIntent because it has a status of \(intent.status.rawValue). Only a PaymentIntent with one of the "
                    + "following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, "
                    + "processing.", code: "payment_intent_unexpected_state", paymentIntent: self.json(intent))
        }
        if intent.status == .requiresCapture, var charge = intent.latestCharge.flatMap({ self.charges[$0] }) {
            let before = self.json(charge)
            charge.amountReleased = charge.amount
            self.put(charge)
            self.emit("charge.refunded", self.json(charge), previous: .previous(before, self.json(charge)))
        }
        intent.status = .canceled
        intent.canceledAt = self.now
        intent.cancellationReason = reason
        intent.amountCapturable = 0
        self.put(intent)
        self.emit("payment_intent.canceled", intent)
        return intent
    }
}
