import Fixtures
import FoundationEssentials
import Testing
import Transfer

@Suite struct AuthenticationTests {
    @Test func `the secret key works as bearer token and as basic user`() async throws {
        let stripe = try await SharedDouble.stripe()
        let basic = Data("\(StripeDoubleProcess.secretKey):".utf8).base64EncodedString()
        for header in ["Bearer \(StripeDoubleProcess.secretKey)", "bearer \(StripeDoubleProcess.secretKey)", "Basic \(basic)"] {
            #expect(try await stripe.authorized(header).get("/v1/refunds").status == 200)
        }
    }

    @Test(arguments: [nil, "", "Bearer", "Bearer sk_test_wrong", "Basic !!!", "Digest x", "Bearer a b", "Basic c2tfdGVzdF93cm9uZzo="])
    func `any other key gets Stripe's 401`(header: String?) async throws {
        let stripe = try await SharedDouble.stripe().authorized(header)
        for reply in [try await stripe.get("/v1/refunds"), try await stripe.post("/v1/payment_intents", [("amount", "100"), ("currency", "usd")])] {
            #expect(reply.status == 401)
            #expect(reply.type == "invalid_request_error")
            #expect(reply.headers["Request-Id"]?.hasPrefix("req_") == true)
        }
    }

    @Test func `a wrong key is not repeated in full`() async throws {
        let stripe = try await SharedDouble.stripe().authorized("Bearer sk_test_aaaaaaaaaaaaaaaaaaaaZZZZ")
        #expect(try await stripe.get("/v1/refunds").message == "Invalid API Key provided: sk_test_****ZZZZ")
    }

    @Test func `every answer has a request id and the requested version`() async throws {
        let stripe = try await SharedDouble.stripe()
        let dated = try await stripe.send(.get, "/v1/refunds", ["Stripe-Version": "2024-06-20"], body: nil)
        #expect(dated.headers["Stripe-Version"] == "2024-06-20")
        let plain = try await stripe.get("/v1/refunds")
        #expect(plain.headers["Stripe-Version"] == "2026-10-28.endive")
        #expect(plain.headers["Request-Id"] != dated.headers["Request-Id"])
        #expect(try await stripe.send(.get, "/v1/refunds", ["Stripe-Version": "tomorrow"], body: nil).status == 400)
    }

    @Test func `bodies are forms of a limited size`() async throws {
        let stripe = try await SharedDouble.stripe()
        let json = try await stripe.send(.post, "/v1/refunds", ["Content-Type": "application/json"], body: "{}")
        #expect(json.status == 400)
        #expect(json.type == "invalid_request_error")
        let large = String(repeating: "a", count: 1 << 20) + "=1"
        let form: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        #expect(try await stripe.send(.post, "/v1/refunds", form, body: large).status == 413)
        #expect(try await stripe.send(.post, "/v1/refunds", form, body: "a=%zz").status == 400)
    }
}
