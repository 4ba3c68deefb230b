/// One call of the control API, on behalf of a customer, a bank, or a person in Stripe's dashboard.
struct Act: Sendable {
    typealias Work = @Sendable (isolated Ledger) throws(StripeError) -> JSON

    let work: Work
    /// Whether its events name a request, as the events of a browser's API call do.
    let isRequest: Bool

    private init(isRequest: Bool = false, _ work: @escaping Work) {
        self.work = work
        self.isRequest = isRequest
    }

    /// The result of a pending payment, refund or authentication.
    private enum Outcome: String, CaseIterable { case succeed, fail }

    init(_ path: [String], _ parameters: inout Parameters) throws(StripeError) {
        let id = path.count > 1 ? path[1] : ""
        switch (path.first, path.count, path.last) {
        case ("payment_intents", 3, "pay"): self = try .pay(id, &parameters)
        case ("payment_intents", 3, "authenticate"): self = try .authenticate(id, &parameters)
        case ("payment_intents", 3, "cancel"): self = try .cancel(id, &parameters)
        case ("payment_intents", 3, "processing"): self = try .settle(id, &parameters)
        case ("refunds", 1, _): self = try .refund(&parameters)
        case ("refunds", 2, _): self = try .finishRefund(id, &parameters)
        case ("disputes", 1, _): self = try .dispute(&parameters)
        case ("disputes", 2, _): self = try .moveDispute(id, &parameters)
        case ("disputes", 3, "close"): self = try .closeDispute(id, &parameters)
        case ("events", 1, _): self = try .emit(&parameters)
        case ("events", 3, "send"): self = try .sendAgain(id, &parameters)
        default: throw .unknownURL("POST", "/_double/" + path.joined(separator: "/"))
        }
    }

    /// Pays as the customer's browser does; a decline is the 402 that the browser gets.
    private static func pay(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let confirmation = try Confirmation(&parameters)
        try parameters.refuseUnknown()
        return Act(isRequest: true) { ledger throws(StripeError) in
            guard var intent = ledger.intents[id] else { throw .noSuch("payment_intent", id) }
            try ledger.confirm(&intent, with: confirmation, access: .publishable)
            return ledger.json(intent)
        }
    }

    /// The customer passes or fails 3-D Secure.
    private static func authenticate(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let outcome = try parameters.choice("outcome", as: Outcome.self) ?? .succeed
        try parameters.refuseUnknown()
        return Act(isRequest: true) { ledger throws(StripeError) in ledger.json(try ledger.authenticate(id, succeeds: outcome == .succeed)) }
    }

    /// Cancels it as Stripe or a person in the dashboard does.
    private static func cancel(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let text = try parameters.text("cancellation_reason")
        try parameters.refuseUnknown()
        let reason = text.flatMap(PaymentIntent.CancellationReason.init)
        if let text, reason == nil { throw .badRequest("Invalid cancellation_reason: \(text)", param: "cancellation_reason") }
        return Act { ledger throws(StripeError) in ledger.json(try ledger.cancelPaymentIntent(id, because: reason)) }
    }

    /// The bank's late answer about a PaymentIntent that is `processing`.
    private static func settle(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let outcome = try parameters.choice("outcome", as: Outcome.self) ?? .succeed
        try parameters.refuseUnknown()
        return Act { ledger throws(StripeError) in
            ledger.json(try ledger.settle(id, failure: outcome == .succeed ? nil : TestPaymentMethod.bankFailure))
        }
    }

    /// A refund from the dashboard: without an API call or a key, and without metadata unless the parameters contain some.
    private static func refund(_ parameters: inout Parameters) throws(StripeError) -> Act {
        let intent = try parameters.text("payment_intent")
        let charge = try parameters.text("charge")
        let amount = try parameters.integer("amount")
        let reason = try parameters.choice("reason", as: Refund.Reason.self)
        let metadata = try parameters.metadata()
        try parameters.refuseUnknown()
        return Act { ledger throws(StripeError) in
            let charge = try ledger.refundableCharge(ofIntent: intent, orCharge: charge)
            return ledger.json(try ledger.refund(charge, amount: amount, reason: reason, metadata: metadata?.values ?? [:]))
        }
    }

    private static func finishRefund(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let status = try parameters.choice("status", as: Refund.Status.self)
        let failureReason = try parameters.text("failure_reason")
        try parameters.refuseUnknown()
        guard let status else { throw .missing("status") }
        return Act { ledger throws(StripeError) in ledger.json(try ledger.finishRefund(id, as: status, failureReason: failureReason)) }
    }

    private static func dispute(_ parameters: inout Parameters) throws(StripeError) -> Act {
        let intentID = try parameters.text("payment_intent")
        let chargeID = try parameters.text("charge")
        let amount = try parameters.integer("amount")
        let reason = try parameters.text("reason") ?? "fraudulent"
        let status = try parameters.choice("status", as: Dispute.Status.self) ?? .needsResponse
        try parameters.refuseUnknown()
        return Act { ledger throws(StripeError) in
            let charge = try ledger.refundableCharge(ofIntent: intentID, orCharge: chargeID)
            return ledger.json(try ledger.dispute(charge, amount: amount, reason: reason, status: status))
        }
    }

    private static func moveDispute(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let status = try parameters.choice("status", as: Dispute.Status.self)
        try parameters.refuseUnknown()
        guard let status else { throw .missing("status") }
        return Act { ledger throws(StripeError) in ledger.json(try ledger.moveDispute(id, to: status)) }
    }

    private static func closeDispute(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        let status = try parameters.choice("status", as: Dispute.Status.self)
        try parameters.refuseUnknown()
        guard let status else { throw .missing("status") }
        return Act { ledger throws(StripeError) in ledger.json(try ledger.closeDispute(id, as: status)) }
    }

    /// Emits an event of any type about an object in its present state: for late, repeated and unknown events.
    private static func emit(_ parameters: inout Parameters) throws(StripeError) -> Act {
        let type = try parameters.text("type")
        let object = try parameters.text("object")
        try parameters.refuseUnknown()
        guard let type else { throw .missing("type") }
        return Act { ledger throws(StripeError) in
            let snapshot: JSON? =
                object.flatMap { id in
                    ledger.intents[id].map { ledger.json($0) } ?? ledger.charges[id].map { ledger.json($0) } ?? ledger.refunds[id].map {
                        ledger.json($0)
                    }
                        ?? ledger.disputes[id].map { ledger.json($0) }
                }
            if let object, snapshot == nil { throw .noSuch("object", object, param: "object") }
            return ledger.emit(type, snapshot ?? ["id": .string(Identifier.make("obj")), "object": "unknown"]).json
        }
    }

    /// Delivers an event again, as the button in the dashboard does.
    private static func sendAgain(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> Act {
        try parameters.refuseUnknown()
        return Act { ledger throws(StripeError) in
            guard let event = ledger.events[id] else { throw .noSuch("event", id) }
            ledger.put(event, isNew: true)
            return event.json
        }
    }
}
