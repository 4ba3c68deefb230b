extension Ledger {
    func json(_ method: PaymentMethod) -> JSON {
        let isBank = method.test.number == nil
        let details: JSON =
            isBank
            ? ["account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "last4": "6789"]
            : [
                "brand": .string(method.test.brand), "checks": self.checks(of: method), "country": "US", "display_brand": .string(method.test.brand),
                "exp_month": 12, "exp_year": 2040, "fingerprint": .string("fp_" + method.test.rawValue), "funding": "credit",
                "last4": .string(self.lastFour(of: method)), "networks": ["available": [.string(method.test.brand)], "preferred": nil],
                "three_d_secure_usage": ["supported": true], "wallet": nil,
            ]
        let type = isBank ? "us_bank_account" : "card"
        return [
            "id": .string(method.id), "object": "payment_method", "allow_redisplay": "unspecified", "billing_details": .emptyBillingDetails,
            type: details,
            "created": .integer(method.created), "customer": nil, "livemode": false, "metadata": [:], "type": .string(type),
        ]
    }

    /// `payment_method_details` of a charge.
    func details(of method: PaymentMethod) -> JSON {
        if method.test.number == nil {
            return [
                "type": "us_bank_account",
                "us_bank_account": [
                    "account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "last4": "6789",
                ],
            ]
        }
        return [
            "card": [
                "brand": .string(method.test.brand), "checks": self.checks(of: method), "country": "US", "exp_month": 12, "exp_year": 2040,
                "fingerprint": .string("fp_" + method.test.rawValue), "funding": "credit", "last4": .string(self.lastFour(of: method)),
                "network": .string(method.test.brand), "three_d_secure": nil, "wallet": nil,
            ],
            "type": "card",
        ]
    }

    func retrievePaymentMethod(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        _ = try parameters.expansion(of: .paymentMethod)
        try parameters.refuseUnknown()
        guard let method = self.methods[id] else { throw .noSuch("PaymentMethod", id) }
        return self.json(method)
    }

    private func lastFour(of method: PaymentMethod) -> String { String((method.test.number ?? "").suffix(4)) }

    private func checks(of method: PaymentMethod) -> JSON {
        ["address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": method.test == .incorrectCvc ? "fail" : "pass"]
    }
}

extension JSON {
    /// `billing_details` without values.
    static let emptyBillingDetails: JSON = ["address": nil, "email": nil, "name": nil, "phone": nil, "tax_id": nil]
}
