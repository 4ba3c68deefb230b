import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

@Suite struct RefundTests {
    @Test func `a customer cannot request a refund, unless the order was cancelled`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            #expect(try await stage.shop.ended(stage.shop.send(RefundPayment(orderID: order), by: stage.actor)).code == "forbidden")
            #expect(try await stage.refunds(of: order) == [])
            try await stage.shop.pool.query("update users set is_superuser = true where id = $1", stage.user)
            #expect(try await stage.shop.ended(stage.shop.send(RefundPayment(orderID: order, amount: 500), by: stage.actor)).code == nil)
            #expect(try await stage.refunds(of: order) == ["succeeded"])
        }
    }

    @Test func `simultaneous refunds never exceed the payment`() async throws {
        try await withPayments(["BATCH_SIZE": "1", "CONCURRENCY": "4"]) { stage in
            let (order, _) = try await stage.insertPaidOrder()
            var asked: [ID] = []
            for _ in 0..<8 { asked.append(try await stage.shop.send(RefundPayment(orderID: order, amount: 600))) }
            var codes: [String?] = []
            for id in asked { codes.append(try await stage.shop.ended(id).code) }
            #expect(codes.count { $0 == nil } == 3)
            #expect(codes.count { $0 == "refund_exceeds_payment" } == 5)
            #expect(try await stage.stripe.work() == ["payment_intents", "refunds", "refunds", "refunds"])
            #expect(try await stage.emitted("payment.refunded") == 3)
        }
    }

    @Test func `a refund held for more than a day is searched at Stripe before it is requested again`() async throws {
        try await withPayments { stage in
            let (order, intent) = try await stage.insertPaidOrder()
            let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
            // A worker died before its commit, two days ago: Stripe had made the refund, and has forgotten the key since.
            try await stage.shop.pool.query(
                """
                insert into refunds (id, order_id, amount, payment_intent_id, currency, status, actor, held_at)
                values ($1, $2, 700, $3, 'usd', 'held', 'system', now() - interval '2 days')
                """, id, order, intent)
            let made = try await stage.stripe.control(
                "refunds", [("payment_intent", intent), ("amount", "700"), ("metadata[refund_id]", id.description)])
            try await stage.shop.send(RefundPayment(orderID: order, amount: 700), id: id)
            #expect(try await stage.shop.ended(id).result?["refund_id"].string == made["id"].string)
            #expect(try await stage.stripe.work() == ["payment_intents"])
            #expect(try await stage.refunds(of: order) == ["succeeded"])
        }
    }

    @Test func `an amount whose refund Stripe refused is free, and can be requested again`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            // Stored under its key, as Stripe stores refusals.
            try await stage.stripe.fault("status", "POST", "/v1/refunds", [("status", "400"), ("kept", "true"), ("count", "1")])
            let asked = try await stage.shop.send(RefundPayment(orderID: order, amount: 2000))
            #expect(try await stage.deadLetter(asked) == "refused_by_stripe")
            #expect(try await stage.refunds(of: order) == ["refused"])
            #expect(try await stage.refund(order, 500).result?["amount"].integer == 500)
            // Replayed, it is held anew: the full amount is too much by now.
            try await stage.shop.send(RefundPayment(orderID: order, amount: 2000), id: asked)
            #expect(try await stage.shop.ended(asked).code == "refund_exceeds_payment")
        }
    }

    @Test func `a replay after a refusal is another request to Stripe`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            try await stage.stripe.fault("status", "POST", "/v1/refunds", [("status", "400"), ("kept", "true"), ("count", "1")])
            let asked = try await stage.shop.send(RefundPayment(orderID: order, amount: 900))
            #expect(try await stage.deadLetter(asked) == "refused_by_stripe")
            try await stage.shop.send(RefundPayment(orderID: order, amount: 900), id: asked)
            #expect(try await stage.shop.ended(asked).result?["amount"].integer == 900)
            #expect(try await stage.refunds(of: order) == ["succeeded"])
        }
    }

    @Test func `a held amount is not given to others while the outcome at Stripe is unknown`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            try await stage.stripe.fault("status", "POST", "/v1/refunds", [("status", "500"), ("count", "3")])
            let first = try await stage.shop.send(RefundPayment(orderID: order, amount: 1500))
            try await eventually("the hold") { try await stage.refunds(of: order) == ["held"] }
            #expect(try await stage.shop.ended(stage.shop.send(RefundPayment(orderID: order, amount: 1000))).code == "refund_exceeds_payment")
            #expect(try await stage.shop.ended(first).result?["amount"].integer == 1500)
        }
    }

    @Test func `a refund in the dashboard meanwhile makes ours fail, and is recorded`() async throws {
        try await withPayments { stage in
            let (order, intent) = try await stage.insertPaidOrder()
            try await stage.stripe.control("refunds", [("payment_intent", intent)])
            #expect(try await stage.refund(order).code == "nothing_to_refund")
            try await eventually("the dashboard's refund") { try await stage.refunds(of: order) == ["refused", "succeeded"] }
            #expect(try await stage.emitted("payment.refunded") == 1)
        }
    }

    @Test func `a disputed payment cannot be refunded`() async throws {
        try await withPayments { stage in
            let (order, intent) = try await stage.insertPaidOrder()
            try await stage.stripe.control("disputes", [("payment_intent", intent)])
            #expect(try await stage.refund(order).code == "nothing_to_refund")
            #expect(try await stage.refunds(of: order) == ["refused"])
        }
    }

    @Test(arguments: ["pm_card_pendingRefund", "pm_card_refundFail"])
    func `each change of a pending or failing refund emits its event`(method: String) async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(order), method)
            try await stage.bringEvents()
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
            let fails = method == "pm_card_refundFail"
            #expect(try await stage.refund(order).result?["status"].string == (fails ? "succeeded" : "pending"))
            try await eventually("its end") {
                try await stage.bringEvents(.newestFirst)
                return try await stage.refunds(of: order) == [fails ? "failed" : "succeeded"]
            }
            #expect(try await stage.emitted("payment.refunded") == 1)
            try await eventually("the failure to be emitted") { try await stage.emitted("payment.refund_failed") == (fails ? 1 : 0) }
        }
    }
}
