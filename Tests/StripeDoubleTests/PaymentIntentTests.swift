import Fixtures
import Testing
import Transfer

@Suite struct PaymentIntentTests {
    @Test func `a new payment intent waits for a payment method and shows its parameters`() async throws {
        try await withStripe { stripe in
            let intent = try await stripe.newIntent([("description", "Order 7"), ("receipt_email", "a@example.com")])
            #expect(intent["status"]?.text == "requires_payment_method")
            #expect(intent["amount"]?.integer == 2000)
            #expect(intent["amount_received"]?.integer == 0)
            #expect(intent["currency"]?.text == "usd")
            #expect(intent["metadata"]?["order_id"]?.text == "order-7")
            #expect(intent["description"]?.text == "Order 7")
            #expect(intent["capture_method"]?.text == "automatic_async")
            #expect(intent["automatic_payment_methods"]?["allow_redirects"]?.text == "never")
            #expect(intent["latest_charge"]?.isNull == true)
            let id = try #require(intent["id"]?.text)
            #expect(intent["client_secret"]?.text?.hasPrefix("\(id)_secret_") == true)
            #expect(try await stripe.get("/v1/payment_intents/\(id)").json == intent.json)
            #expect(try await stripe.eventTypes(of: id) == ["payment_intent.created"])
        }
    }

    private static let wrongParameters: [(parameters: [(String, String)], code: String?, param: String)] = [
        ([("currency", "usd")], "parameter_missing", "amount"), ([("amount", "100")], "parameter_missing", "currency"),
        ([("amount", "abc"), ("currency", "usd")], "parameter_invalid_integer", "amount"),
        ([("amount", "0"), ("currency", "usd")], "parameter_invalid_integer", "amount"),
        ([("amount", "-5"), ("currency", "usd")], "parameter_invalid_integer", "amount"),
        ([("amount", "49"), ("currency", "usd")], "amount_too_small", "amount"),
        ([("amount", "100000000"), ("currency", "usd")], "amount_too_large", "amount"),
        ([("amount", "100"), ("currency", "xxx")], nil, "currency"), ([("amount", "100"), ("currency", "bgn")], nil, "currency"),
        ([("amount", "150050"), ("currency", "isk")], "invalid_charge_amount_no_decimal_compatible", "amount"),
        ([("amount", "500001"), ("currency", "ugx")], "invalid_charge_amount_no_decimal_compatible", "amount"),
        ([("amount", "1234"), ("currency", "kwd")], "invalid_charge_amount", "amount"),
        ([("amount", "1000000000000"), ("currency", "idr")], "amount_too_large", "amount"),
        ([("amount", "100"), ("currency", "usd"), ("ammount", "1")], "parameter_unknown", "ammount"),
        ([("amount", "100"), ("currency", "usd"), ("transfer_data[destination]", "acct_1")], "parameter_unknown", "transfer_data"),
        ([("amount", "100"), ("currency", "usd"), ("automatic_payment_methods[on]", "true")], "parameter_unknown", "automatic_payment_methods[on]"),
        ([("amount", "100"), ("currency", "usd"), ("automatic_payment_methods[enabled]", "yes")], nil, "automatic_payment_methods[enabled]"),
        ([("amount", "100"), ("currency", "usd"), ("metadata[a][b]", "1")], nil, "metadata[a]"),
        ([("amount", "100"), ("currency", "usd"), ("capture_method", "later")], nil, "capture_method"),
        ([("amount", "100"), ("currency", "usd"), ("return_url", "https://a.example")], nil, "return_url"),
        ([("amount", "100"), ("currency", "usd"), ("customer", "cus_1")], "resource_missing", "customer"),
        ([("amount", "100"), ("currency", "usd"), ("expand[]", "nonsense")], nil, "expand"),
        ([("amount", "100"), ("currency", "usd"), ("payment_method", "pm_none")], "resource_missing", "payment_method"),
    ]

    @Test(arguments: Self.wrongParameters)
    func `an invalid parameter is refused by its name`(parameters: [(String, String)], code: String?, param: String) async throws {
        let stripe = try await SharedDouble.stripe()
        let reply = try await stripe.post("/v1/payment_intents", parameters)
        #expect(reply.status == 400)
        #expect(reply.type == "invalid_request_error")
        #expect(reply.code == code)
        #expect(reply.param == param)
        #expect(reply.message?.isEmpty == false)
    }

    @Test(arguments: [("jpy", 50, "50 JPY"), ("gbp", 30, "0.30 GBP"), ("huf", 17500, "175.00 HUF")])
    func `each currency has its smallest amount`(currency: String, least: Int, text: String) async throws {
        let stripe = try await SharedDouble.stripe()
        #expect(try await stripe.post("/v1/payment_intents", [("amount", "\(least)"), ("currency", currency.uppercased())]).status == 200)
        let refused = try await stripe.post("/v1/payment_intents", [("amount", "\(least - 1)"), ("currency", currency)])
        #expect(refused.code == "amount_too_small")
        #expect(refused.message == "Amount must be at least \(text)")
    }

    @Test func `amount and metadata can be changed while it is unpaid, metadata also later`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID([("metadata[a]", "1")])
        let changed = try await stripe.post("/v1/payment_intents/\(id)", [("amount", "2500"), ("metadata[a]", ""), ("metadata[b]", "2")])
        #expect(changed["amount"]?.integer == 2500)
        #expect(changed["metadata"] == .object(["order_id": .text("order-7"), "b": .text("2")]))
        #expect(try await stripe.confirm(id, "pm_card_visa")["amount_received"]?.integer == 2500)
        let refused = try await stripe.post("/v1/payment_intents/\(id)", [("amount", "3000")])
        #expect(refused.status == 400)
        #expect(refused.code == "payment_intent_unexpected_state")
        #expect(refused.json["error", "payment_intent", "status"]?.text == "succeeded")
        #expect(try await stripe.post("/v1/payment_intents/\(id)", [("metadata", "")])["metadata"] == .object([:]))
    }

    @Test func `a confirmation on the server needs a return url unless redirects are off`() async throws {
        let stripe = try await SharedDouble.stripe()
        let intent = try await stripe.post("/v1/payment_intents", [("amount", "2000"), ("currency", "usd")])
        let id = try #require(intent["id"]?.text)
        let refused = try await stripe.confirm(id, "pm_card_visa")
        #expect(refused.status == 400)
        #expect(refused.param == "return_url")
        #expect(try await stripe.get("/v1/payment_intents/\(id)")["status"]?.text == "requires_payment_method")
        let paid = try await stripe.post(
            "/v1/payment_intents/\(id)/confirm", [("payment_method", "pm_card_visa"), ("return_url", "https://shop.example/done")])
        #expect(paid["status"]?.text == "succeeded")
    }

    @Test func `it can be created with its method and confirmed in one call`() async throws {
        let stripe = try await SharedDouble.stripe()
        let attached = try await stripe.newIntent([("payment_method", "pm_card_visa")])
        #expect(attached["status"]?.text == "requires_confirmation")
        #expect(try await stripe.post("/v1/payment_intents/\(attached["id"]?.text ?? "")/confirm")["status"]?.text == "succeeded")
        let paid = try await stripe.newIntent([("payment_method", "pm_card_visa"), ("confirm", "true")])
        #expect(paid["status"]?.text == "succeeded")
    }

    @Test func `a payment intent can be cancelled until it is paid, and once`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID()
        let cancelled = try await stripe.post("/v1/payment_intents/\(id)/cancel", [("cancellation_reason", "abandoned")])
        #expect(cancelled["status"]?.text == "canceled")
        #expect(cancelled["cancellation_reason"]?.text == "abandoned")
        #expect(cancelled["canceled_at"]?.integer != nil)
        for (path, code) in [("cancel", "payment_intent_unexpected_state"), ("confirm", "payment_intent_unexpected_state")] {
            #expect(try await stripe.post("/v1/payment_intents/\(id)/\(path)").code == code)
        }
        let paid = try await stripe.paidIntentID()
        let refused = try await stripe.post("/v1/payment_intents/\(paid)/cancel")
        #expect(refused.status == 400)
        #expect(refused.code == "payment_intent_unexpected_state")
        #expect(refused.json["error", "payment_intent", "status"]?.text == "succeeded")
        #expect(try await stripe.eventTypes(of: id).last == "payment_intent.canceled")
    }

    @Test func `a manual capture takes at most what was authorised and releases the rest`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID([("capture_method", "manual")])
        let authorised = try await stripe.confirm(id, "pm_card_visa")
        #expect(authorised["status"]?.text == "requires_capture")
        #expect(authorised["amount_capturable"]?.integer == 2000)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id)]).status == 400)
        #expect(try await stripe.post("/v1/payment_intents/\(id)/capture", [("amount_to_capture", "2001")]).code == "amount_too_large")
        let captured = try await stripe.post("/v1/payment_intents/\(id)/capture", [("amount_to_capture", "1500"), ("expand[]", "latest_charge")])
        #expect(captured["status"]?.text == "succeeded")
        #expect(captured["amount_received"]?.integer == 1500)
        #expect(captured["latest_charge"]?["amount_captured"]?.integer == 1500)
        #expect(captured["latest_charge"]?["amount_refunded"]?.integer == 500)
        #expect(try await stripe.post("/v1/refunds", [("payment_intent", id), ("amount", "1501")]).param == "amount")
        #expect(
            try await stripe.eventTypes(of: id) == [
                "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured",
                "payment_intent.succeeded",
            ])
    }

    @Test func `a cancelled authorisation is released`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.newIntentID([("capture_method", "manual"), ("payment_method", "pm_card_visa"), ("confirm", "true")])
        let cancelled = try await stripe.post("/v1/payment_intents/\(id)/cancel", [("expand[]", "latest_charge")])
        #expect(cancelled["status"]?.text == "canceled")
        #expect(cancelled["amount_capturable"]?.integer == 0)
        #expect(cancelled["latest_charge"]?["refunded"]?.flag == true)
        #expect(cancelled["latest_charge"]?["captured"]?.flag == false)
    }

    @Test func `expanded fields are whole objects, also in lists`() async throws {
        let stripe = try await SharedDouble.stripe()
        let id = try await stripe.paidIntentID("pm_card_mastercard")
        // Arrays are written in both ways.
        for names in [["expand[]", "expand[]", "expand[]"], ["expand[0]", "expand[1]", "expand[2]"]] {
            let reply = try await stripe.get(
                "/v1/payment_intents/\(id)", [(names[0], "latest_charge.refunds"), (names[1], "payment_method"), (names[2], "customer")])
            #expect(reply["latest_charge"]?["object"]?.text == "charge")
            #expect(reply["latest_charge"]?["refunds"]?["object"]?.text == "list")
            #expect(reply["payment_method"]?["card"]?["brand"]?.text == "mastercard")
            #expect(reply["payment_method"]?["card"]?["last4"]?.text == "4444")
        }
        let list = try await stripe.get("/v1/payment_intents", [("limit", "100"), ("expand[]", "data.latest_charge")])
        let listed = list["data"]?.array?.first { $0["id"]?.text == id }
        #expect(listed?["latest_charge", "object"]?.text == "charge")
        #expect(try await stripe.get("/v1/payment_intents", [("expand[]", "latest_charge")]).status == 400)
        #expect(
            try await stripe.get("/v1/payment_intents/\(id)", [("expand[]", "latest_charge.payment_intent.latest_charge.payment_intent.x")]).status
                == 400)
    }

    @Test func `an unknown id gets a 404 that names it`() async throws {
        let stripe = try await SharedDouble.stripe()
        for path in ["payment_intents/pi_none", "charges/ch_none", "refunds/re_none", "disputes/dp_none", "events/evt_none"] {
            let reply = try await stripe.get("/v1/\(path)")
            #expect(reply.status == 404)
            #expect(reply.code == "resource_missing")
        }
        for (method, path) in [
            ("POST", "/v1/nothing"), ("DELETE", "/v1/payment_intents/pi_none"), ("QUERY", "/v1/refunds"), ("TRACE", "/v1/refunds"),
        ] {
            let reply = try await stripe.send(.init(rawValue: method), path, body: nil)
            #expect(reply.status == 404)
            #expect(reply.message?.hasPrefix("Unrecognized request URL (\(method): \(path))") == true)
        }
        #expect(try await stripe.get("/v3/").status == 404)
    }
}
