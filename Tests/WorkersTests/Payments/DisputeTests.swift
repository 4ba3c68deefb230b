import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Stripe's latest state of a dispute counts, even after a final one.
@Suite struct DisputeTests {
    @Test func `a closed inquiry can return as a chargeback, and a lost dispute be won by an appeal`() async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: .none)
            try await stage.setTheScene()
            let order = try await stage.place()
            let intent = try await stage.pay(order)
            let made = try await stage.stripe.control("disputes", [("payment_intent", intent), ("status", "warning_needs_response")])
            let dispute = try #require(made["id"].string)
            func expect(_ status: String, flagged: Bool, letters: Int) async throws {
                try await stage.bringEvents()
                try await eventually("\(status)") {
                    let known = try await shop.pool.query("select status from disputes where dispute_id = $1", dispute).decode(String.self)
                    let mails = try await stage.outcome(of: order).mails.filter { $0 == "dispute" }.count
                    let isFlagged = try await stage.isDisputed(order)
                    return known == [status] && isFlagged == flagged && mails == letters
                }
            }
            try await expect("warning_needs_response", flagged: true, letters: 1)
            try await stage.stripe.control("disputes/\(dispute)/close", [("status", "warning_closed")])
            try await expect("warning_closed", flagged: false, letters: 2)
            try await stage.stripe.control("disputes/\(dispute)", [("status", "needs_response")])
            try await expect("needs_response", flagged: true, letters: 3)
            try await stage.stripe.control("disputes/\(dispute)/close", [("status", "lost")])
            try await expect("lost", flagged: true, letters: 4)
            try await stage.stripe.control("disputes/\(dispute)", [("status", "appeal_needs_response")])
            try await expect("appeal_needs_response", flagged: true, letters: 5)
            try await stage.stripe.control("disputes/\(dispute)/close", [("status", "won")])
            try await expect("won", flagged: false, letters: 6)
        }
    }

    @Test func `an older state changes nothing, and one that leads further makes the worker ask Stripe`() async throws {
        try await withPayments { stage in
            let (_, intent) = try await stage.insertPaidOrder()
            let now = Clock.milliseconds() / 1000
            func word(_ status: String, at time: Int64) async throws -> [String] {
                let body = """
                    {"object":"event","data":{"object":{"id":"dp_1","object":"dispute","amount":2000,"currency":"usd",\
                    "payment_intent":"\(intent)","status":"\(status)"}}}
                    """
                let event = StripeEvent(eventID: "evt_\(status)_\(time)", eventType: "charge.dispute.updated", created: time, body: body)
                _ = try await stage.shop.ended(stage.shop.send(event, by: "stripe"))
                return try await stage.shop.pool.query("select status from disputes").decode(String.self)
            }
            #expect(try await word("needs_response", at: now - 50) == ["needs_response"])
            #expect(try await word("warning_closed", at: now - 60) == ["needs_response"])
            #expect(try await stage.emitted("payments.reconcile") == 0)
            #expect(try await word("lost", at: now - 60) == ["needs_response"])
            #expect(try await stage.emitted("payments.reconcile") == 1)
            #expect(try await word("lost", at: now - 40) == ["lost"])
            // In the same second the one further on.
            #expect(try await word("under_review", at: now - 40) == ["lost"])
            #expect(try await word("won", at: now - 40) == ["won"])
            #expect(try await word("lost", at: now - 30) == ["lost"])
            #expect(try await stage.emitted("payment.disputed") == 4)
        }
    }
}
