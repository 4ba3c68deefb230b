import HTTPTypes

/// The API's operations and their execution.
extension Ledger {
    /// One operation: method, path and function.
    private struct Operation: Sendable {
        typealias Work = @Sendable (isolated Ledger, _ id: String, _ parameters: inout Parameters, Call) throws(StripeError) -> JSON

        let method: HTTPRequest.Method
        /// `*` is the object's id.
        let path: [String]
        var isPublic = false
        let work: Work

        func matches(_ call: Call) -> Bool {
            self.method == call.method && self.path.count == call.path.count && zip(self.path, call.path).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    private static let operations: [Operation] = [
        Operation(method: .post, path: ["payment_intents"]) { l, _, p, _ throws(StripeError) in try l.createPaymentIntent(&p) },
        Operation(method: .get, path: ["payment_intents"]) { l, _, p, _ throws(StripeError) in try l.listPaymentIntents(&p) },
        Operation(method: .get, path: ["payment_intents", "search"]) { l, _, p, _ throws(StripeError) in try l.searchPaymentIntents(&p) },
        Operation(method: .get, path: ["payment_intents", "*"], isPublic: true) { l, id, p, call throws(StripeError) in
            try l.retrievePaymentIntent(id, &p, call.access)
        },
        Operation(method: .post, path: ["payment_intents", "*"]) { l, id, p, _ throws(StripeError) in try l.updatePaymentIntent(id, &p) },
        Operation(method: .post, path: ["payment_intents", "*", "confirm"], isPublic: true) { l, id, p, call throws(StripeError) in
            try l.confirmPaymentIntent(id, &p, call.access)
        },
        Operation(method: .post, path: ["payment_intents", "*", "cancel"]) { l, id, p, _ throws(StripeError) in try l.cancelPaymentIntent(id, &p) },
        Operation(method: .post, path: ["payment_intents", "*", "capture"]) { l, id, p, _ throws(StripeError) in try l.capturePaymentIntent(id, &p) },
        Operation(method: .get, path: ["payment_methods", "*"]) { l, id, p, _ throws(StripeError) in try l.retrievePaymentMethod(id, &p) },
        Operation(method: .get, path: ["charges"]) { l, _, p, _ throws(StripeError) in try l.listCharges(&p) },
        Operation(method: .get, path: ["charges", "*"]) { l, id, p, _ throws(StripeError) in try l.retrieveCharge(id, &p) },
        Operation(method: .post, path: ["refunds"]) { l, _, p, _ throws(StripeError) in try l.createRefund(&p) },
        Operation(method: .get, path: ["refunds"]) { l, _, p, _ throws(StripeError) in try l.listRefunds(&p) },
        Operation(method: .get, path: ["refunds", "*"]) { l, id, p, _ throws(StripeError) in try l.retrieveRefund(id, &p) },
        Operation(method: .post, path: ["refunds", "*"]) { l, id, p, _ throws(StripeError) in try l.updateRefund(id, &p) },
        Operation(method: .post, path: ["refunds", "*", "cancel"]) { l, id, p, _ throws(StripeError) in try l.cancelRefund(id, &p) },
        Operation(method: .get, path: ["disputes"]) { l, _, p, _ throws(StripeError) in try l.listDisputes(&p) },
        Operation(method: .get, path: ["disputes", "*"]) { l, id, p, _ throws(StripeError) in try l.retrieveDispute(id, &p) },
        Operation(method: .post, path: ["disputes", "*"]) { l, id, p, _ throws(StripeError) in try l.updateDispute(id, &p) },
        Operation(method: .post, path: ["disputes", "*", "close"]) { l, id, p, _ throws(StripeError) in try l.closeDispute(id, &p) },
        Operation(method: .get, path: ["events"]) { l, _, p, _ throws(StripeError) in try l.listEvents(&p) },
        Operation(method: .get, path: ["events", "*"]) { l, id, p, _ throws(StripeError) in try l.retrieveEvent(id, &p) },
    ]

    /// Claims the call's idempotency key, or returns the answer to send instead; ``end(_:)`` releases it.
    func begin(_ call: Call) async throws -> Idempotency.Decision {
        guard let key = call.idempotencyKey else { return .proceed }
        return try await self.turn(by: nil) { ledger in
            ledger.idempotency.begin(key, path: call.url, fingerprint: Idempotency.fingerprint(call), now: ledger.now)
        }
    }

    /// Does the call's work; keeps the answer under the call's key if the work had begun.
    func perform(_ call: Call) async throws -> Answer {
        try await self.turn(by: Caller(requestID: call.requestID, idempotencyKey: call.idempotencyKey)) { ledger in
            do throws(StripeError) {
                let answer = Answer(try ledger.work(on: call))
                ledger.keep(answer, for: call)
                return answer
            } catch {
                let answer = Answer(error)
                if error.executed { ledger.keep(answer, for: call) }
                return answer
            }
        }
    }

    /// Answers the call with an error, and keeps it as if the work had begun.
    func fail(_ call: Call, with answer: Answer) async throws -> Answer {
        try await self.turn(by: nil) { ledger in
            ledger.keep(answer, for: call)
            return answer
        }
    }

    /// Releases the call's key, once its answer is being sent.
    func end(_ call: Call) {
        if let key = call.idempotencyKey { self.idempotency.end(key) }
    }

    private func work(on call: Call) throws(StripeError) -> JSON {
        guard let operation = Self.operations.first(where: { $0.matches(call) }) else { throw .unknownURL(call.method.rawValue, call.url) }
        guard operation.isPublic || call.access == .secret else { throw .publishableKeyRefused }
        var parameters = Parameters(call.form)
        return try operation.work(self, call.path.count > 1 ? call.path[1] : "", &parameters, call)
    }

    private func keep(_ answer: Answer, for call: Call) {
        guard let key = call.idempotencyKey else { return }
        self.keep(
            Idempotency.Record(
                key: key, created: self.now, fingerprint: Idempotency.fingerprint(call), path: call.url, requestID: call.requestID, answer: answer))
    }
}

extension Call {
    /// `/v1/payment_intents`
    var url: String { "/v1/" + self.path.joined(separator: "/") }
}
