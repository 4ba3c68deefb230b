/// Confirmation, authentication and settlement of PaymentIntents.
extension Ledger {
    func confirmPaymentIntent(_ id: String, _ parameters: inout Parameters, _ access: Call.Access) throws(StripeError) -> JSON {
        let expansion = try parameters.expansion(of: .paymentIntent)
        let clientSecret = try parameters.text("client_secret")
        let confirmation = try Confirmation(&parameters)
        let receiptEmail = try parameters.text("receipt_email", limit: 800)
        if access == .publishable {
            for name in ["expected_payment_method_type", "mandate_data"] { _ = try parameters.tree(name) }
        }
        try parameters.refuseUnknown(unsimulated: [
            "amount_details", "amount_to_confirm", "capture_method", "confirmation_token", "hooks", "mandate", "mandate_data", "payment_details",
            "payment_method_options", "payment_method_types", "radar_options", "setup_future_usage", "shipping",
        ])
        var intent = try self.openIntent(id, clientSecret, access)
        if let receiptEmail { intent.receiptEmail = receiptEmail }
        try self.confirm(&intent, with: confirmation, access: access)
        return access == .secret ? self.json(intent, expansion) : self.publicJSON(intent)
    }

    /// Tries to pay; the status becomes `succeeded`, `requires_capture`, `requires_action` or `processing`.
    ///
    /// - Throws: the refusal, or the card's decline, after which the PaymentIntent waits for another payment method.
    func confirm(_ intent: inout PaymentIntent, with confirmation: Confirmation, access: Call.Access) throws(StripeError) {
        guard [.requiresPaymentMethod, .requiresConfirmation, .requiresAction].contains(intent.status) else {
            let message =
                intent.status == .succeeded
                ? "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
                : "You cannot confirm this PaymentIntent because it has a status of \(intent.status.rawValue). Only a PaymentIntent with one of the "
                    + "following statuses may be confirmed: requires_confirmation, requires_action."
            throw .refused(message, code: "payment_intent_unexpected_state", paymentIntent: self.shown(intent, access))
        }
        let test = try self.testMethod(confirmation)
        guard test != nil || intent.paymentMethod != nil else {
            throw .refused(
                "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment "
                    + "method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
                code: "payment_intent_unexpected_state", paymentIntent: self.shown(intent, access))
        }
        try self.checkReturnURL(intent, confirmation, access)
        if let test { intent.paymentMethod = self.makeMethod(test).id }
        if let returnURL = confirmation.returnURL { intent.returnURL = returnURL }
        guard let method = intent.paymentMethod.flatMap({ self.methods[$0] }) else { preconditionFailure("checked above") }
        intent.lastPaymentError = nil

        switch method.test.outcome {
        case .succeeds: self.pay(&intent, with: method)
        case .declined(let code, let declineCode, let message):
            let error = PaymentError(code: code, declineCode: declineCode, message: message, paymentMethod: method.id)
            throw self.decline(&intent, with: method, error, access)
        case .authenticates:
            if confirmation.isOffSession || confirmation.errorOnRequiresAction {
                let error = PaymentError(
                    code: "authentication_required", declineCode: "authentication_required",
                    message: "Your card was declined. This transaction requires authentication.", paymentMethod: method.id)
                throw self.decline(&intent, with: method, error, access)
            }
            intent.status = .requiresAction
            self.put(intent)
            self.emit("payment_intent.requires_action", intent)
        case .processes(_, let settles):
            let charge = self.makeCharge(for: intent, with: method, .pending)
            intent.status = .processing
            intent.latestCharge = charge.id
            self.put(intent)
            self.emit("charge.pending", charge)
            self.emit("payment_intent.processing", intent)
            if settles { self.later(.settle(paymentIntent: intent.id)) }
        }
    }

    /// Ends the customer's 3-D Secure authentication.
    func authenticate(_ id: String, succeeds: Bool) throws(StripeError) -> PaymentIntent {
        guard var intent = self.intents[id] else { throw .noSuch("payment_intent", id) }
        guard intent.status == .requiresAction, let method = intent.paymentMethod.flatMap({ self.methods[$0] }) else {
            throw .refused(
                "This PaymentIntent has a status of \(intent.status.rawValue): it waits for no action.", code: "payment_intent_unexpected_state")
        }
        if succeeds {
            self.pay(&intent, with: method)
        } else {
            intent.status = .requiresPaymentMethod
            intent.lastPaymentError = PaymentError(
                code: "payment_intent_authentication_failure",
                message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
                type: StripeError.Kind.invalidRequest.rawValue, paymentMethod: method.id)
            intent.paymentMethod = nil
            self.put(intent)
            self.emit("payment_intent.payment_failed", intent)
        }
        return intent
    }

    /// Applies the bank's late answer about a PaymentIntent that is `processing`.
    ///
    /// - Parameter failure: the reason of a failure; nil if the bank has paid.
    func settle(_ id: String, failure: PaymentError?) throws(StripeError) -> PaymentIntent {
        guard var intent = self.intents[id] else { throw .noSuch("payment_intent", id) }
        guard intent.status == .processing, var charge = intent.latestCharge.flatMap({ self.charges[$0] }) else {
            throw .refused("This PaymentIntent has a status of \(intent.status.rawValue), not processing.", code: "payment_intent_unexpected_state")
        }
        if var failure {
            failure.charge = charge.id
            failure.paymentMethod = charge.paymentMethod
            charge.status = .failed
            charge.failure = failure
            self.put(charge)
            self.emit("charge.failed", charge)
            intent.status = .requiresPaymentMethod
            intent.lastPaymentError = failure
            intent.paymentMethod = nil
            self.put(intent)
            self.emit("payment_intent.payment_failed", intent)
        } else {
            charge.status = .succeeded
            charge.amountCaptured = charge.amount
            self.put(charge)
            self.emit("charge.succeeded", charge)
            intent.status = .succeeded
            intent.amountReceived = intent.amount
            self.put(intent)
            self.emit("payment_intent.succeeded", intent)
        }
        return intent
    }

    private func pay(_ intent: inout PaymentIntent, with method: PaymentMethod) {
        var charge = self.makeCharge(for: intent, with: method, .succeeded)
        intent.latestCharge = charge.id
        if intent.captureMethod == .manual {
            intent.status = .requiresCapture
            intent.amountCapturable = intent.amount
        } else {
            charge.amountCaptured = charge.amount
            intent.status = .succeeded
            intent.amountReceived = intent.amount
        }
        self.put(charge)
        self.put(intent)
        self.emit("charge.succeeded", charge)
        self.emit(intent.status == .succeeded ? "payment_intent.succeeded" : "payment_intent.amount_capturable_updated", intent)
        if method.test == .createDispute { self.later(.dispute(charge: charge.id)) }
    }

    private func decline(_ intent: inout PaymentIntent, with method: PaymentMethod, _ error: PaymentError, _ access: Call.Access) -> StripeError {
        var charge = self.makeCharge(for: intent, with: method, .failed)
        var error = error
        error.charge = charge.id
        charge.failure = error
        intent.status = .requiresPaymentMethod
        intent.latestCharge = charge.id
        intent.lastPaymentError = error
        intent.paymentMethod = nil
        self.put(charge)
        self.put(intent)
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)
        return StripeError(
            status: 402, kind: .card, code: error.code, declineCode: error.declineCode, message: error.message, charge: charge.id,
            paymentIntent: self.shown(intent, access), paymentMethod: self.json(method), executed: true)
    }

    private func makeCharge(for intent: PaymentIntent, with method: PaymentMethod, _ status: Charge.Status) -> Charge {
        let charge = Charge(
            id: Identifier.make(method.test.number == nil ? "py" : "ch"), serial: self.nextSerial(), created: self.now, paymentIntent: intent.id,
            paymentMethod: method.id, amount: intent.amount, currency: intent.currency, status: status, description: intent.description,
            receiptEmail: intent.receiptEmail, metadata: intent.metadata, shipping: intent.shipping)
        self.put(charge)
        return charge
    }

    /// The test method that the confirmation names; nil if it names none.
    func testMethod(_ confirmation: Confirmation) throws(StripeError) -> TestPaymentMethod? {
        if let number = confirmation.cardNumber {
            guard let test = TestPaymentMethod(number: number) else {
                throw .badRequest(
                    "Your card number is not one of the test cards.", code: "incorrect_number", param: "payment_method_data[card][number]")
            }
            return test
        }
        guard let id = confirmation.method else { return nil }
        guard let test = TestPaymentMethod(id: id) ?? self.methods[id]?.test else { throw .noSuch("PaymentMethod", id, param: "payment_method") }
        return test
    }

    func makeMethod(_ test: TestPaymentMethod) -> PaymentMethod {
        let method = PaymentMethod(id: Identifier.make("pm"), serial: self.nextSerial(), created: self.now, test: test)
        self.put(method)
        return method
    }

    /// Automatic methods may redirect, so a server's confirmation needs a `return_url`.
    func checkReturnURL(_ intent: PaymentIntent, _ confirmation: Confirmation, _ access: Call.Access) throws(StripeError) {
        guard access == .secret, intent.allowRedirects == .always, confirmation.returnURL == nil, intent.returnURL == nil,
            !confirmation.errorOnRequiresAction, !confirmation.isOffSession
        else { return }
        throw .badRequest(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might "
                + "redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment "
                + "methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when "
                + "creating Setup Intents and Payment Intents.", param: "return_url")
    }

    private func shown(_ intent: PaymentIntent, _ access: Call.Access) -> JSON {
        access == .secret ? self.json(intent) : self.publicJSON(intent)
    }
}
