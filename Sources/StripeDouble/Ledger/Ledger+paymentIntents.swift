/// `/v1/payment_intents`: https://docs.stripe.com/api/payment_intents
extension Ledger {
    /// Stripe's parameters of creation, update and confirmation that the double does not simulate.
    private static let unsimulated: Set<String> = [
        "allowed_payment_method_types", "amount_details", "amount_to_confirm", "application_fee_amount", "confirmation_token", "customer_account",
        "excluded_payment_method_types", "final_capture", "hooks", "mandate", "mandate_data", "on_behalf_of", "payment_details",
        "payment_method_configuration", "payment_method_options", "payment_method_types", "radar_options", "transfer_data", "transfer_group",
    ]

    func createPaymentIntent(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let amount = try parameters.integer("amount")
        let currency = try parameters.text("currency")
        let confirms = try parameters.boolean("confirm") ?? false
        let captureMethod = try parameters.choice("capture_method", as: PaymentIntent.CaptureMethod.self)
        _ = try parameters.choice("confirmation_method", as: PaymentIntent.ConfirmationMethod.self)
        let allowRedirects = try self.readAutomaticMethods(&parameters)
        let changes = try Changes(&parameters)
        let confirmation = try Confirmation(&parameters)
        if let customer = try parameters.text("customer") { throw .noSuch("customer", customer, param: "customer") }
        try parameters.refuseUnknown(unsimulated: Self.unsimulated)

        guard let amount else { throw .missing("amount") }
        guard let currency = currency?.lowercased() else { throw .missing("currency") }
        try Self.check(amount, currency)
        if !confirms && (confirmation.returnURL != nil || confirmation.isOffSession || confirmation.errorOnRequiresAction) {
            let param = confirmation.returnURL != nil ? "return_url" : confirmation.isOffSession ? "off_session" : "error_on_requires_action"
            throw .badRequest(
                "The parameter `\(param)` cannot be passed when creating a PaymentIntent unless `confirm` is set to true.", param: param)
        }
        let test = try self.testMethod(confirmation)

        let id = Identifier.make("pi")
        var intent = PaymentIntent(
            id: id, serial: self.nextSerial(), created: self.now, clientSecret: "\(id)_secret_\(Identifier.random(25))", amount: amount,
            currency: currency)
        intent.captureMethod = captureMethod ?? .automaticAsync
        intent.allowRedirects = allowRedirects
        changes.apply(to: &intent)
        if confirms { try self.checkReturnURL(intent, confirmation, .secret) }
        if let test {
            intent.paymentMethod = self.makeMethod(test).id
            intent.status = .requiresConfirmation
        }
        self.put(intent)
        self.emit("payment_intent.created", intent)
        if confirms { try self.confirm(&intent, with: confirmation, access: .secret) }
        return self.json(intent, expansion)
    }

    func retrievePaymentIntent(_ id: String, _ parameters: inout Parameters, _ access: Call.Access) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let clientSecret = try parameters.text("client_secret")
        try parameters.refuseUnknown()
        let intent = try self.openIntent(id, clientSecret, access)
        return access == .secret ? self.json(intent, expansion) : self.publicJSON(intent)
    }

    func listPaymentIntents(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        if let customer = try parameters.text("customer") { throw .noSuch("customer", customer, param: "customer") }
        let page = try Page(&parameters, of: .paymentIntent, unsimulated: Self.unsimulated)
        return try page.list(self.intents, url: "/v1/payment_intents", named: "payment_intent") { self.json($0, page.expansion) }
    }

    /// https://docs.stripe.com/search: newest first. Stripe's index is up to a minute behind; this one is not.
    func searchPaymentIntents(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let text = try parameters.text("query")
        let limit = try parameters.integer("limit") ?? 10
        let page = try parameters.text("page")
        let expansion = try parameters.expansion(ofListOf: .paymentIntent)
        try parameters.refuseUnknown()
        guard let text else { throw .missing("query") }
        guard (1...100).contains(limit) else {
            throw .badRequest("Invalid limit: must be between 1 and 100", code: "parameter_invalid_integer", param: "limit")
        }
        let query = try SearchQuery(text)
        // The cursor of the next page is the id of the last object of this one.
        let last = try page.map { page throws(StripeError) in
            guard let intent = self.intents[page] else { throw .badRequest("Invalid page", param: "page") }
            return intent.serial
        }
        let found = self.intents.all.reversed().lazy.filter { $0.serial < last ?? .max && query.matches($0) }.prefix(limit + 1)
        let data = Array(found).prefix(limit)
        let hasMore = found.count > limit
        return [
            "object": "search_result", "data": .array(data.map { self.json($0, expansion) }), "has_more": .bool(hasMore),
            "next_page": .text(hasMore ? data.last?.id : nil), "url": "/v1/payment_intents/search",
        ]
    }

    func updatePaymentIntent(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let amount = try parameters.integer("amount")
        let currency = try parameters.text("currency")?.lowercased()
        let captureMethod = try parameters.choice("capture_method", as: PaymentIntent.CaptureMethod.self)
        let changes = try Changes(&parameters)
        let confirmation = try Confirmation(methodOf: &parameters)
        if let customer = try parameters.text("customer") { throw .noSuch("customer", customer, param: "customer") }
        try parameters.refuseUnknown(unsimulated: Self.unsimulated)
        guard var intent = self.intents[id] else { throw .noSuch("payment_intent", id) }

        if amount != nil || currency != nil { try Self.check(amount ?? intent.amount, currency ?? intent.currency) }
        let test = try self.testMethod(confirmation)
        let changed =
            amount.map { _ in "amount" } ?? currency.map { _ in "currency" } ?? captureMethod.map { _ in "capture_method" }
            ?? test.map { _ in "payment_method" }
        if let changed, ![.requiresPaymentMethod, .requiresConfirmation, .requiresAction].contains(intent.status) {
            throw .refused(
                "This PaymentIntent's \(changed) could not be updated because it has a status of \(intent.status.rawValue). You may only update the "
                    + "\(changed) of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, "
                    + "requires_action.", code: "payment_intent_unexpected_state", param: changed, paymentIntent: self.json(intent))
        }
        if let amount { intent.amount = amount }
        if let currency { intent.currency = currency }
        if let captureMethod { intent.captureMethod = captureMethod }
        changes.apply(to: &intent)
        if let test { intent.paymentMethod = self.makeMethod(test).id }
        // After a change that the authentication did not cover, the customer must confirm again.
        if changed != nil, intent.status == .requiresAction || test != nil { intent.status = .requiresConfirmation }
        self.put(intent)
        return self.json(intent, expansion)
    }

    /// The PaymentIntent, if the caller has the secret key or the right `client_secret`.
    func openIntent(_ id: String, _ clientSecret: String?, _ access: Call.Access) throws(StripeError) -> PaymentIntent {
        guard let intent = self.intents[id] else { throw .noSuch("payment_intent", id) }
        if access == .publishable || clientSecret != nil {
            guard let clientSecret else { throw .missing("client_secret") }
            guard clientSecret.isSame(as: intent.clientSecret) else {
                throw .badRequest(
                    "The client_secret provided does not match any associated PaymentIntent on this account. Ensure the publishable key used "
                        + "belongs to the same account that created the PaymentIntent.", code: "payment_intent_invalid_parameter",
                    param: "client_secret")
            }
        }
        return intent
    }

    /// Automatic payment methods are on by default.
    private func readAutomaticMethods(_ parameters: inout Parameters) throws(StripeError) -> PaymentIntent.AllowRedirects? {
        guard var automatic = try parameters.nested("automatic_payment_methods") else { return .always }
        let isEnabled = try automatic.boolean("enabled")
        let allowRedirects = try automatic.choice("allow_redirects", as: PaymentIntent.AllowRedirects.self)
        try automatic.refuseUnknown()
        guard let isEnabled else { throw .missing("automatic_payment_methods[enabled]") }
        return isEnabled ? allowRedirects ?? .always : nil
    }

    private static func check(_ amount: Int, _ currency: String) throws(StripeError) {
        guard Currency.all.contains(currency) else {
            throw .badRequest("Invalid currency: \(currency). Stripe currently supports three-letter ISO codes of its list.", param: "currency")
        }
        if amount < 1 {
            throw .badRequest("This value must be greater than or equal to 1.", code: "parameter_invalid_integer", param: "amount")
        }
        if amount > Currency.maximum(currency) {
            throw .badRequest(
                "Amount must be no more than \(Currency.text(Currency.maximum(currency), currency))", code: "amount_too_large", param: "amount")
        }
        try Currency.checkFractions(amount, currency)
        if amount < Currency.minimum(currency) {
            throw .badRequest(
                "Amount must be at least \(Currency.text(Currency.minimum(currency), currency))", code: "amount_too_small", param: "amount")
        }
    }

    /// The fields that a creation and an update may set.
    private struct Changes {
        private let description: String?
        private let receiptEmail: String?
        private let statementDescriptor: String?
        private let statementDescriptorSuffix: String?
        private let setupFutureUsage: PaymentIntent.FutureUsage?
        private let shipping: Form?
        private let metadata: Parameters.MetadataChange?

        init(_ parameters: inout Parameters) throws(StripeError) {
            self.description = try parameters.text("description", limit: 1000)
            self.receiptEmail = try parameters.text("receipt_email", limit: 800)
            self.statementDescriptor = try parameters.text("statement_descriptor", limit: 22)
            self.statementDescriptorSuffix = try parameters.text("statement_descriptor_suffix", limit: 22)
            self.setupFutureUsage = try parameters.choice("setup_future_usage")
            self.shipping = try Self.shipping(&parameters)
            self.metadata = try parameters.metadata()
            if let email = self.receiptEmail, !email.contains("@") {
                throw .badRequest("Invalid email address: \(email)", code: "email_invalid", param: "receipt_email")
            }
        }

        func apply(to intent: inout PaymentIntent) {
            if let description { intent.description = description }
            if let receiptEmail { intent.receiptEmail = receiptEmail }
            if let statementDescriptor { intent.statementDescriptor = statementDescriptor }
            if let statementDescriptorSuffix { intent.statementDescriptorSuffix = statementDescriptorSuffix }
            if let setupFutureUsage { intent.setupFutureUsage = setupFutureUsage }
            if let shipping { intent.shipping = shipping }
            if let metadata { intent.metadata = metadata.applied(to: intent.metadata) }
        }

        private static func shipping(_ parameters: inout Parameters) throws(StripeError) -> Form? {
            guard var shipping = try parameters.nested("shipping") else { return nil }
            for name in ["name", "phone", "carrier", "tracking_number"] { _ = try shipping.text(name) }
            guard var address = try shipping.nested("address") else { throw .missing("shipping[address]") }
            for name in ["line1", "line2", "city", "state", "postal_code", "country"] { _ = try address.text(name) }
            try address.refuseUnknown()
            try shipping.refuseUnknown()
            return try parameters.tree("shipping")
        }
    }
}
