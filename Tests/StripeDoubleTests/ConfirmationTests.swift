import Fixtures
import Testing
import Transfer

@Suite struct ConfirmationTests {
    @Test(arguments: [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"), ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"), ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ])
    func `a declined card is a 402 and leaves the payment intent waiting for another`(method: String, code: String, declineCode: String) async throws
    {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID()
        let declined = try await stripe.confirm(id, method)
        #expect(declined.status == 402)
        #expect(declined.type == "card_error")
        #expect(declined.code == code)
        #expect(declined.json["error", "decline_code"]?.text == declineCode)
        #expect(declined.json["error", "doc_url"]?.text?.hasSuffix(code.replacing("_", with: "-")) == true)
        #expect(declined.json["error", "payment_intent", "status"]?.text == "requires_payment_method")
        let intent = try await stripe.get("/v1/payment_intents/\(id)", [("expand[]", "latest_charge")])
        #expect(intent["status"]?.text == "requires_payment_method")
        #expect(intent["payment_method"]?.isNull == true)
        #expect(intent["last_payment_error"]?["code"]?.text == code)
        #expect(intent["last_payment_error"]?["decline_code"]?.text == declineCode)
        #expect(intent["latest_charge"]?["id"] == declined.json["error", "charge"])
        #expect(intent["latest_charge"]?["status"]?.text == "failed")
        #expect(intent["latest_charge"]?["failure_code"]?.text == code)
        // The same payment intent is paid with the next card.
        let paid = try await stripe.confirm(id, "pm_card_visa")
        #expect(paid["status"]?.text == "succeeded")
        #expect(paid["last_payment_error"]?.isNull == true)
        #expect(
            try await stripe.eventTypes(of: id) == [
                "payment_intent.created", "charge.failed", "payment_intent.payment_failed", "charge.succeeded", "payment_intent.succeeded",
            ])
        let charges = try #require(await stripe.get("/v1/charges", [("payment_intent", id)])["data"]?.array)
        #expect(charges.map { $0["status"]?.text } == ["succeeded", "failed"])
    }

    @Test func `3-D Secure waits for the customer, who completes or fails it`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID()
        let waiting = try await stripe.confirm(id, "pm_card_authenticationRequired")
        #expect(waiting.status == 200)
        #expect(waiting["status"]?.text == "requires_action")
        #expect(waiting["next_action"]?["type"]?.text == "redirect_to_url")
        let page = try #require(waiting["next_action"]?["redirect_to_url", "url"]?.text)
        #expect(page.hasPrefix("\(stripe.url)/authenticate/"))
        #expect(
            try await stripe.post("/_double/payment_intents/\(id)/authenticate", [("outcome", "fail")])["status"]?.text == "requires_payment_method")
        #expect(
            try await stripe.get("/v1/payment_intents/\(id)")["last_payment_error"]?["code"]?.text == "payment_intent_authentication_failure")
        _ = try await stripe.confirm(id, "pm_card_authenticationRequired")
        let paid = try await stripe.post("/_double/payment_intents/\(id)/authenticate")
        #expect(paid["status"]?.text == "succeeded")
        #expect(paid["next_action"]?.isNull == true)
        #expect(try await stripe.post("/_double/payment_intents/\(id)/authenticate").status == 400)
        #expect(
            try await stripe.eventTypes(of: id) == [
                "payment_intent.created", "payment_intent.requires_action", "payment_intent.payment_failed", "payment_intent.requires_action",
                "charge.succeeded", "payment_intent.succeeded",
            ])
    }

    @Test(arguments: ["off_session", "error_on_requires_action"])
    func `a customer who is away cannot pass 3-D Secure`(parameter: String) async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID()
        let declined = try await stripe.post(
            "/v1/payment_intents/\(id)/confirm", [("payment_method", "pm_card_authenticationRequired"), (parameter, "true")])
        #expect(declined.status == 402)
        #expect(declined.code == "authentication_required")
    }

    @Test func `a bank transfer is processing until it settles by itself`() async throws {
        let stripe = try await SharedDouble.stripe()
        for (method, end, last) in [
            ("pm_usBankAccount_success", "succeeded", "payment_intent.succeeded"),
            ("pm_usBankAccount_insufficientFunds", "requires_payment_method", "payment_intent.payment_failed"),
        ] {
            let id = try await stripe.newIntentID()
            #expect(try await stripe.confirm(id, method)["status"]?.text == "processing")
            let settled = try await stripe.eventually("/v1/payment_intents/\(id)") { $0["status"]?.text != "processing" }
            #expect(settled["status"]?.text == end)
            #expect(try await stripe.eventTypes(of: id).prefix(3) == ["payment_intent.created", "charge.pending", "payment_intent.processing"])
            #expect(try await stripe.eventTypes(of: id).last == last)
        }
    }

    @Test func `a bank transfer settles on demand, and cannot be cancelled before`() async throws {
        let stripe = try await SharedDouble.stripe()
        for (outcome, end) in [("succeed", "succeeded"), ("fail", "requires_payment_method")] {
            let id = try await stripe.newIntentID()
            #expect(try await stripe.confirm(id, "pm_usBankAccount_processing")["status"]?.text == "processing")
            #expect(try await stripe.post("/v1/payment_intents/\(id)/cancel").code == "payment_intent_unexpected_state")
            #expect(try await stripe.post("/v1/payment_intents/\(id)", [("amount", "100")]).code == "payment_intent_unexpected_state")
            let settled = try await stripe.post("/_double/payment_intents/\(id)/processing", [("outcome", outcome)])
            #expect(settled["status"]?.text == end)
        }
    }

    @Test func `a browser pays with the publishable key and the client secret, and sees only public fields`() async throws {
        let stripe = try await SharedDouble.stripe()
        let intent = try await stripe.newIntent()
        let (id, secret) = (try #require(intent["id"]?.text), try #require(intent["client_secret"]?.text))
        let browser = stripe.authorized(nil)
        let key = ("key", "pk_test_0123456789abcdefghijklmn")
        let seen = try await browser.get("/v1/payment_intents/\(id)", [key, ("client_secret", secret)])
        #expect(seen["status"]?.text == "requires_payment_method")
        #expect(seen["metadata"] == nil)
        #expect(seen["latest_charge"] == nil)
        #expect(try await browser.get("/v1/payment_intents/\(id)", [key, ("client_secret", secret + "x")]).status == 400)
        #expect(try await browser.get("/v1/payment_intents/\(id)", [key]).code == "parameter_missing")
        #expect(try await browser.get("/v1/payment_intents", [key]).status == 403)
        #expect(try await browser.post("/v1/refunds", [key, ("payment_intent", id)]).code == "secret_key_required")
        let card = [
            key, ("client_secret", secret), ("payment_method_data[type]", "card"), ("payment_method_data[card][exp_month]", "12"),
            ("payment_method_data[card][exp_year]", "40"), ("payment_method_data[card][cvc]", "123"), ("use_stripe_sdk", "true"),
            ("expected_payment_method_type", "card"),
        ]
        let declined = try await browser.post(
            "/v1/payment_intents/\(id)/confirm", card + [("payment_method_data[card][number]", "4000 0000 0000 0002")])
        #expect(declined.status == 402)
        #expect(declined.json["error", "payment_intent", "metadata"] == nil)
        #expect(declined.headers["Access-Control-Allow-Origin"] == "*")
        let paid = try await browser.post("/v1/payment_intents/\(id)/confirm", card + [("payment_method_data[card][number]", "4242424242424242")])
        #expect(paid["status"]?.text == "succeeded")
        let preflight = try await browser.send("OPTIONS", "/v1/payment_intents/\(id)/confirm", ["Origin": "https://shop.example"], body: nil)
        #expect(preflight.status == 200)
        #expect(preflight.headers["Access-Control-Allow-Methods"]?.contains("POST") == true)
    }

    @Test func `the control API pays like the customer's browser`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID()
        let declined = try await stripe.post("/_double/payment_intents/\(id)/pay", [("payment_method", "pm_card_chargeDeclined")])
        #expect(declined.status == 402)
        let paid = try await stripe.send(
            .post, "/_double/payment_intents/\(id)/pay", ["Content-Type": "application/json"], body: #"{"payment_method": "pm_card_visa"}"#)
        #expect(paid["status"]?.text == "succeeded")
    }
}
