import Crypto
import Fixtures
import FoundationEssentials
import Testing
import Transfer

/// `POST /webhooks/stripe`, signed as Stripe signs.
@Suite struct WebhookTests {
    private func post(_ body: String, to api: API) async throws -> Int {
        let time = Int(Date().timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time).\(body)".utf8), using: SymmetricKey(data: Array(StripeDoubleProcess.webhookSecret.utf8)))
        let signature = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var request = HTTPRequest(.post, url: "http://127.0.0.1:\(api.port)/api/v1/webhooks/stripe", body: Array(body.utf8))
        request.headers["Content-Type"] = "application/json"
        request.headers["Stripe-Signature"] = "t=\(time),v1=\(signature)"
        return try await HTTPClient(userAgent: "tests").send(request).status
    }

    @Test(arguments: ["v1.payment_intent.succeeded", "payment_intent.succeeded", "v2.core.event_destination.ping"])
    func `a thin event is accepted and stored, without effect`(type: String) async throws {
        let shop = try await TestShop.shared()
        let id = "evt_test_thin_\(TestShop.number())"
        let body = """
            {"id":"\(id)","object":"v2.core.event","type":"\(type)","created":"2026-11-30T10:00:00.000Z","livemode":false,"context":null,
            "related_object":{"id":"pi_1","type":"payment_intent","url":"/v1/payment_intents/pi_1"},"snapshot_event":"evt_1"}
            """
        #expect(try await self.post(body, to: shop.api) == 200)
        try await eventually("the event") {
            try await shop.database.value("select state from stripe_events where id = '\(id)'") == "ignored"
        }
    }

    @Test func `an event with an invalid envelope is refused`() async throws {
        let shop = try await TestShop.shared()
        for body in [
            #"{"id":7,"object":"event","type":"a","created":1}"#, #"{"id":"evt_1","object":"event","type":"a","created":"2026-11-30"}"#,
            #"{"id":"evt_1","object":7,"type":"a","created":1}"#, #"{"object":"v2.core.event","type":"a","created":"x"}"#, "[]", "7", "",
            #"{"id":"evt_\u0000","object":"event","type":"a","created":1}"#, #"{"id":"evt_1","object":"event","type":"\u0000","created":1}"#,
            #"{"id":"evt_1","object":"event","type":"a","created":1,"data":{"object":{"metadata":{"note":["x\u0000"]}}}}"#,
            #"{"id":"evt_1","object":"event","type":"a","created":1,"\u0000":1}"#,
        ] {
            #expect(try await self.post(body, to: shop.api) == 400, "\(body)")
        }
    }
}
