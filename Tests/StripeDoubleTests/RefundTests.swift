import Fixtures
import Testing

@Suite struct RefundTests {
    @Test func `partial refunds add up to the payment and never beyond`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let first = try await stripe.post(
            "/v1/refunds", [("payment_intent", id), ("amount", "500"), ("reason", "requested_by_customer"), ("metadata[refund_id]", "r1")])
        #expect(first["status"]?.text == "succeeded")
        #expect(first["amount"]?.integer == 500)
        #expect(first["metadata"]?["refund_id"]?.text == "r1")
        let tooMuch = try await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "1501")])
        #expect(tooMuch.status == 400)
        #expect(tooMuch.message == "Refund amount (15.01 USD) is greater than unrefunded amount on charge (15.00 USD)")
        let rest = try await stripe.post("/v1/refunds", [("payment_intent", id)])
        #expect(rest["amount"]?.integer == 1500)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).code == "charge_already_refunded")
        let list = try #require(await stripe.get("/v1/refunds", [("payment_intent", id)])["data"]?.array)
        #expect(list.map { $0["amount"]?.integer } == [1500, 500])
        let charge = try await stripe.get("/v1/payment_intents/\(id)", [("expand[]", "latest_charge")])["latest_charge"]
        #expect(charge?["refunded"]?.flag == true)
        #expect(charge?["amount_refunded"]?.integer == 2000)
        #expect(charge?["refunds"] == nil)
        #expect(
            try await stripe.eventTypes(of: id).suffix(4) == ["refund.created", "charge.refunded", "refund.created", "charge.refunded"])
    }

    @Test func `twenty simultaneous refunds never exceed the payment`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let amounts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask { try await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "300")])["amount"]?.integer ?? 0 }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(amounts.reduce(0, +) == 1800)
    }

    @Test(
        arguments: [
            ([], "parameter_missing"), ([("payment_intent", "pi_none")], "resource_missing"), ([("charge", "ch_none")], "resource_missing"),
            ([("payment_intent", "pi_1"), ("charge", "ch_1")], nil), ([("payment_intent", "pi_1"), ("reason", "because")], nil),
            ([("payment_intent", "pi_1"), ("payment_intnt", "pi_1")], "parameter_unknown"),
        ] as [([(String, String)], String?)])
    func `a refund of nothing is refused`(parameters: [(String, String)], code: String?) async throws {
        let stripe = try await SharedDouble.stripe()
        let reply = try await stripe.post("/v1/refunds", parameters)
        #expect(reply.status == 400)
        #expect(reply.code == code)
    }

    @Test func `an unpaid payment intent has nothing to refund, and amounts are positive`() async throws {
        let stripe = try await SharedDouble.stripe()
        let unpaid = try await stripe.newIntentID()
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", unpaid)]).status == 400)
        let paid = try await stripe.paidIntentID()
        for amount in ["0", "-1"] {
            #expect(try await stripe.post("/v1/refunds", [("payment_intent", paid), ("amount", amount)]).code == "parameter_invalid_integer")
        }
    }

    @Test func `a refund may be pending and succeed later`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID("pm_card_pendingRefund")
        let refund = try await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "800")])
        #expect(refund["status"]?.text == "pending")
        #expect(refund["pending_reason"]?.text == "processing")
        let path = "/v1/refunds/\(refund["id"]?.text ?? "")"
        let ended = try await stripe.eventually(path) { $0["status"]?.text != "pending" }
        #expect(ended["status"]?.text == "succeeded")
        #expect(
            try await stripe.eventTypes(of: id).suffix(4) == ["refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"])
    }

    @Test func `a refund that fails later gives its amount back`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID("pm_card_refundFail")
        let refund = try await stripe.post("/v1/refunds", [("payment_intent", id)])
        #expect(refund["status"]?.text == "succeeded")
        let failed = try await stripe.eventually("/v1/refunds/\(refund["id"]?.text ?? "")") { $0["status"]?.text == "failed" }
        #expect(failed["failure_reason"]?.text == "lost_or_stolen_card")
        let charge = try await stripe.get("/v1/payment_intents/\(id)", [("expand[]", "latest_charge")])["latest_charge"]
        #expect(charge?["amount_refunded"]?.integer == 0)
        #expect(charge?["refunded"]?.flag == false)
        #expect(try await stripe.eventTypes(of: id).suffix(3) == ["refund.updated", "charge.refund.updated", "refund.failed"])
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "2000")])["status"]?.text == "succeeded")
    }

    @Test func `a refund ends as requested, with its reason`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let refund = try #require(await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "100")])["id"]?.text)
        #expect(try await stripe.post("/_double/refunds/\(refund)", [("status", "canceled")]).status == 400)
        let failed = try await stripe.post("/_double/refunds/\(refund)", [("status", "failed"), ("failure_reason", "expired_or_canceled_card")])
        #expect(failed["failure_reason"]?.text == "expired_or_canceled_card")
        #expect(try await stripe.post("/_double/refunds/\(refund)", [("status", "succeeded")]).status == 400)
    }

    @Test func `only a pending refund can be cancelled, and metadata changed on any`() async throws {
        try await withStripe { stripe in
            _ = try await stripe.post("/_double/settings", [("settle_after", "3600")])
            let pending = try await stripe.paidIntentID("pm_card_pendingRefund")
            let refund = try #require(await stripe.post("/v1/refunds", [("payment_intent", pending)])["id"]?.text)
            #expect(try await stripe.post("/v1/refunds/\(refund)", [("metadata[note]", "x")])["metadata"]?["note"]?.text == "x")
            #expect(try await stripe.post("/v1/refunds/\(refund)", [("amount", "1")]).code == "parameter_unknown")
            #expect(try await stripe.post("/v1/refunds/\(refund)/cancel")["status"]?.text == "canceled")
            #expect(try await stripe.post("/v1/refunds/\(refund)/cancel").status == 400)
            #expect(try await stripe.post("/v1/refunds", [("payment_intent", pending)])["amount"]?.integer == 2000)
            let succeeded = try await stripe.paidIntentID()
            let done = try #require(await stripe.post("/v1/refunds", [("payment_intent", succeeded)])["id"]?.text)
            #expect(try await stripe.post("/v1/refunds/\(done)/cancel").status == 400)
        }
    }

    @Test func `a refund in the dashboard emits events without a request`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let refund = try await stripe.post("/_double/refunds", [("payment_intent", id), ("amount", "700")])
        #expect(refund["status"]?.text == "succeeded")
        let events = try #require(await stripe.get("/v1/events", [("type", "charge.refunded"), ("limit", "100")])["data"]?.array)
        let event = try #require(events.first { $0["data", "object", "payment_intent"]?.text == id })
        #expect(event["request", "id"]?.isNull == true)
        #expect(event["data", "previous_attributes", "amount_refunded"]?.integer == 0)
        #expect(event["data", "object", "amount_refunded"]?.integer == 700)
    }
}
