import Fixtures
import Testing

@Suite struct DisputeTests {
    @Test func `a test card opens a dispute, and a disputed charge cannot be refunded`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID("pm_card_createDispute")
        let list = try await stripe.eventually("/v1/disputes?payment_intent=\(id)") { $0["data"]?.array?.isEmpty == false }
        let dispute = try #require(list["data"]?.array?.first)
        #expect(dispute["status"]?.text == "needs_response")
        #expect(dispute["reason"]?.text == "fraudulent")
        #expect(dispute["amount"]?.integer == 2000)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).code == "charge_disputed")
        let charge = try await stripe.get("/v1/disputes/\(dispute["id"]?.text ?? "")", [("expand[]", "charge")])["charge"]
        #expect(charge?["disputed"]?.flag == true)
        #expect(try await stripe.eventTypes(of: id).suffix(2) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"])
    }

    @Test(arguments: [("winning_evidence", "won"), ("losing_evidence", "lost")])
    func `evidence wins or loses a dispute`(evidence: String, status: String) async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let dispute = try #require(await stripe.post("/_double/disputes", [("payment_intent", id), ("reason", "product_not_received")])["id"]?.text)
        let review = try await stripe.post("/v1/disputes/\(dispute)", [("evidence[customer_name]", "Ada"), ("submit", "true")])
        #expect(review["status"]?.text == "under_review")
        let closed = try await stripe.post("/v1/disputes/\(dispute)", [("evidence[uncategorized_text]", evidence)])
        #expect(closed["status"]?.text == status)
        #expect(closed["evidence"]?["uncategorized_text"]?.text == evidence)
        #expect(try await stripe.post("/v1/disputes/\(dispute)/close").code == "dispute_already_closed")
        #expect(try await stripe.eventTypes(of: id).contains("charge.dispute.closed"))
        // Money that was returned can be refunded again.
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).status == (status == "won" ? 200 : 400))
    }

    @Test func `disputes are opened, changed and closed on demand`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let dispute = try #require(await stripe.post("/_double/disputes", [("payment_intent", id), ("amount", "500")])["id"]?.text)
        #expect(try await stripe.post("/_double/disputes", [("payment_intent", id)]).status == 400)
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "under_review")])["status"]?.text == "under_review")
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "won")]).status == 400)
        #expect(try await stripe.post("/_double/disputes/\(dispute)/close", [("status", "lost")])["status"]?.text == "lost")
        #expect(
            try await stripe.eventTypes(of: id).suffix(4) == [
                "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.closed",
            ])
    }

    @Test func `an inquiry may return as a chargeback, and a lost dispute may be appealed`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let inquiry = [("payment_intent", id), ("status", "warning_needs_response")]
        let dispute = try #require(await stripe.post("/_double/disputes", inquiry)["id"]?.text)
        #expect(try await stripe.post("/_double/disputes/\(dispute)/close", [("status", "warning_closed")]).status == 200)
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "under_review")]).code == "dispute_already_closed")
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "needs_response")]).status == 200)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).code == "charge_disputed")
        #expect(try await stripe.post("/_double/disputes/\(dispute)/close", [("status", "lost")]).status == 200)
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "appeal_under_review")]).status == 400)
        #expect(try await stripe.post("/_double/disputes/\(dispute)", [("status", "appeal_needs_response")]).status == 200)
        #expect(try await stripe.post("/_double/disputes/\(dispute)/close", [("status", "won")])["status"]?.text == "won")
        #expect(
            try await stripe.eventTypes(of: id).suffix(7) == [
                "charge.dispute.closed", "charge.dispute.updated", "charge.dispute.funds_withdrawn", "charge.dispute.closed",
                "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated",
            ])
    }

    @Test func `an inquiry leaves the charge refundable`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID()
        let inquiry = try await stripe.post("/_double/disputes", [("payment_intent", id), ("status", "warning_needs_response")])
        #expect(inquiry["is_charge_refundable"]?.flag == true)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).status == 200)
        #expect(try await stripe.post("/v1/disputes/\(inquiry["id"]?.text ?? "")/close")["status"]?.text == "warning_closed")
    }
}
