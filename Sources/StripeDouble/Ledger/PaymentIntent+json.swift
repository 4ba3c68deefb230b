extension Ledger {
    /// The PaymentIntent as the API sends it.
    func json(_ intent: PaymentIntent, _ expansion: Expansion = .none) -> JSON {
        [
            "id": .string(intent.id), "object": "payment_intent", "amount": .integer(intent.amount),
            "amount_capturable": .integer(intent.amountCapturable), "amount_details": ["tip": [:]],
            "amount_received": .integer(intent.amountReceived), "application": nil, "application_fee_amount": nil,
            "automatic_payment_methods": intent.allowRedirects.map {
                ["allow_redirects": .string($0.rawValue), "enabled": true]
            } ?? nil,
            "canceled_at": .count(intent.canceledAt), "cancellation_reason": .text(intent.cancellationReason?.rawValue),
            "capture_method": .string(intent.captureMethod.rawValue), "client_secret": .string(intent.clientSecret),
            "confirmation_method": "automatic", "created": .integer(intent.created), "currency": .string(intent.currency), "customer": nil,
            "description": .text(intent.description), "last_payment_error": intent.lastPaymentError.map(self.json) ?? nil,
            "latest_charge": self.expandable(intent.latestCharge, expansion["latest_charge"]) { id, expansion in
                self.charges[id].map { self.json($0, expansion) }
            },
            "livemode": false, "metadata": .table(intent.metadata), "next_action": self.nextAction(of: intent), "on_behalf_of": nil,
            "payment_method": self.expandable(intent.paymentMethod, expansion["payment_method"]) { id, _ in
                self.methods[id].map(self.json)
            },
            "payment_method_configuration_details": nil, "payment_method_options": ["card": ["request_three_d_secure": "automatic"]],
            "payment_method_types": intent.allowRedirects == nil ? ["card"] : ["card", "us_bank_account"],
            "processing": nil, "receipt_email": .text(intent.receiptEmail), "review": nil,
            "setup_future_usage": .text(intent.setupFutureUsage?.rawValue), "shipping": intent.shipping?.json ?? nil, "source": nil,
            "statement_descriptor": .text(intent.statementDescriptor), "statement_descriptor_suffix": .text(intent.statementDescriptorSuffix),
            "status": .string(intent.status.rawValue), "transfer_data": nil, "transfer_group": nil,
        ]
    }

    /// The fields that a browser with a publishable key may see.
    func publicJSON(_ intent: PaymentIntent) -> JSON {
        self.json(intent).only([
            "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason", "capture_method",
            "client_secret", "confirmation_method", "created", "currency", "description", "last_payment_error", "livemode", "next_action",
            "payment_method", "payment_method_configuration_details", "payment_method_types", "processing", "receipt_email", "setup_future_usage",
            "shipping", "source", "status",
        ])
    }

    /// An id, or the whole object if the client has expanded it.
    func expandable(_ id: String?, _ expansion: Expansion?, _ render: (String, Expansion) -> JSON?) -> JSON {
        guard let id else { return nil }
        guard let expansion else { return .string(id) }
        return render(id, expansion) ?? .string(id)
    }

    private func nextAction(of intent: PaymentIntent) -> JSON {
        guard intent.status == .requiresAction else { return nil }
        return [
            "redirect_to_url": [
                "return_url": .text(intent.returnURL),
                "url": .string("\(self.origin)/authenticate/\(intent.clientSecret)"),
            ],
            "type": "redirect_to_url",
        ]
    }

    private func json(_ error: PaymentError) -> JSON {
        var members: [JSON.Member] = []
        if let charge = error.charge { members.append(JSON.Member(name: "charge", value: .string(charge))) }
        members.append(JSON.Member(name: "code", value: .string(error.code)))
        if let declineCode = error.declineCode { members.append(JSON.Member(name: "decline_code", value: .string(declineCode))) }
        members.append(
            JSON.Member(name: "doc_url", value: .string("https://docs.stripe.com/error-codes#" + error.code.replacing("_", with: "-"))))
        members.append(JSON.Member(name: "message", value: .string(error.message)))
        if let method = error.paymentMethod.flatMap({ self.methods[$0] }) {
            members.append(JSON.Member(name: "payment_method", value: self.json(method)))
        }
        members.append(JSON.Member(name: "type", value: .string(error.type)))
        return .object(members)
    }
}
