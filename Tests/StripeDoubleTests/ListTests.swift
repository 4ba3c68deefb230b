import Fixtures
import Testing

@Suite struct ListTests {
    @Test func `pages go in both directions and meet`() async throws {
        try await withStripe { stripe in
            var ids: [String] = []
            for _ in 0..<7 { ids.insert(try await stripe.newIntentID(), at: 0) }
            func page(_ parameters: [(String, String)]) async throws -> (ids: [String], hasMore: Bool?) {
                let reply = try await stripe.get("/v1/payment_intents", parameters)
                return (reply["data"]?.array?.compactMap { $0["id"]?.text } ?? [], reply["has_more"]?.flag)
            }
            #expect(try await page([("limit", "3")]) == (Array(ids[0..<3]), true))
            #expect(try await page([("limit", "3"), ("starting_after", ids[2])]) == (Array(ids[3..<6]), true))
            #expect(try await page([("limit", "3"), ("starting_after", ids[5])]) == (Array(ids[6...]), false))
            #expect(try await page([("limit", "3"), ("ending_before", ids[5])]) == (Array(ids[2..<5]), true))
            #expect(try await page([("limit", "3"), ("ending_before", ids[2])]) == (Array(ids[0..<2]), false))
            #expect(try await page([("created[gt]", "9999999999")]) == ([], false))
            #expect(try await page([("created[lte]", "9999999999"), ("created[gte]", "1")]) == (ids, false))
            for (name, value) in [
                ("limit", "0"), ("limit", "101"), ("limit", "x"), ("starting_after", "pi_none"), ("created[after]", "1"), ("created[gt]", "x"),
                ("foo", "1"),
            ] {
                #expect(try await stripe.get("/v1/payment_intents", [(name, value)]).status == 400, "\(name)=\(value)")
            }
            #expect(try await stripe.get("/v1/payment_intents", [("starting_after", ids[0]), ("ending_before", ids[1])]).status == 400)
        }
    }

    @Test func `events are listed by types, by pattern, by time and by delivery, newest first`() async throws {
        try await withStripe { stripe in
            let id = try await stripe.paidIntentID()
            _ = try await stripe.post("/v1/refunds", [("payment_intent", id)])
            func types(_ parameters: [(String, String)]) async throws -> [String] {
                try await stripe.get("/v1/events", parameters)["data"]?.array?.compactMap { $0["type"]?.text } ?? []
            }
            #expect(
                try await types([]) == [
                    "charge.refunded", "refund.created", "payment_intent.succeeded", "charge.succeeded", "payment_intent.created",
                ])
            #expect(try await types([("type", "charge.*")]) == ["charge.refunded", "charge.succeeded"])
            #expect(
                try await types([("types[]", "refund.created"), ("types[]", "payment_intent.succeeded")])
                    == ["refund.created", "payment_intent.succeeded"])
            #expect(try await types([("created[lt]", "1")]) == [])
            // Without a webhook endpoint no event is pending.
            #expect(try await types([("delivery_success", "false")]) == [])
            #expect(try await types([("delivery_success", "true"), ("limit", "2")]) == ["charge.refunded", "refund.created"])
            #expect(try await stripe.get("/v1/events", [("type", "a"), ("types[]", "b")]).status == 400)
            #expect(try await stripe.get("/v1/events", (0..<21).map { ("types[]", "t\($0)") }).status == 400)
            let event = try #require(await stripe.get("/v1/events", [("limit", "1")])["data"]?.array?.first)
            let again = try await stripe.get("/v1/events/\(event["id"]?.text ?? "")")
            #expect(again.json == event)
            #expect(again["object"]?.text == "event")
            #expect(again["api_version"]?.text == "2026-10-28.endive")
            #expect(again["request"]?["id"]?.text?.hasPrefix("req_") == true)
        }
    }
}
