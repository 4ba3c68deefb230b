import Conveyor
import Fixtures
import Postgres
import Shop
import Testing
import Transfer

@testable import Payments

@Suite struct IntentTests {
    @Test func `simultaneous requests get the same intent`() async throws {
        try await withPayments(["BATCH_SIZE": "1", "CONCURRENCY": "4"]) { stage in
            let order = try await stage.insertOrder()
            var asked: [ID] = []
            for _ in 0..<8 { asked.append(try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)) }
            var secrets: Set<String?> = []
            for id in asked { secrets.insert(try await stage.shop.ended(id).result?["client_secret"].string) }
            #expect(secrets.count == 1 && !secrets.contains(nil))
            #expect(try await stage.stripe.work() == ["payment_intents"])
            // All with the pinned API version, which is the official library's.
            #expect(try await Set(stage.stripe.requests().map(\.version)) == [StripeClient.version])
            #expect(try await stage.intents(of: order).count == 1)
            #expect(try await stage.emitted("payment.intent_created") == 1)
        }
    }

    @Test func `an intent with another amount than the order's is replaced`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let first = try await stage.createIntent(order)
            try await stage.shop.pool.query("update orders set total_amount = 2500 where id = $1", order)
            let second = try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: order), by: stage.actor)).result
            #expect(second?["amount"].integer == 2500)
            #expect(second?["payment_intent_id"].string != first)
            #expect(try await stage.intents(of: order) == ["canceled", "requires_payment_method"])
        }
    }

    @Test func `an intent that was cancelled in the dashboard is replaced`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let first = try await stage.createIntent(order)
            try await stage.stripe.call(.post, "/v1/payment_intents/\(first)/cancel")
            #expect(try await stage.createIntent(order) != first)
            #expect(try await stage.intents(of: order) == ["canceled", "requires_payment_method"])
        }
    }

    @Test func `an order that is cancelled while Stripe is asked gets no payment`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.fault("hang", "POST", "/v1/payment_intents", [("seconds", "1"), ("count", "1")])
            let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
            try await eventually("the question") { try await stage.stripe.requests().contains { $0.name == "POST /v1/payment_intents" } }
            try await stage.shop.pool.query("update orders set status = 'cancelled' where id = $1", order)
            // The cancellation finds no intent yet.
            let cancelled = try await stage.shop.send(CancelIntent(orderID: order, reason: .cancelled))
            _ = try await stage.shop.ended(cancelled)
            #expect(try await stage.shop.ended(asked).code == "not_payable")
            try await eventually("the intent to be canceled") { try await stage.intents(of: order) == ["canceled"] }
        }
    }

    @Test func `a paid order cannot be paid again`() async throws {
        try await withPayments { stage in
            let (order, _) = try await stage.insertPaidOrder()
            #expect(try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: order), by: stage.actor)).code == "already_paid")
            // Nor if the event has not arrived yet.
            let other = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(other))
            #expect(try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: other), by: stage.actor)).code == "already_paid")
            #expect(try await stage.stripe.work() == ["payment_intents", "payment_intents"])
        }
    }

    @Test func `only its owner can pay an order, and only in the right state`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let stranger = try await stage.shop.send(CreateIntent(orderID: order), by: "018f0000-0000-7000-8000-0000000000ff")
            #expect(try await stage.shop.ended(stranger).code == "not_found")
            #expect(try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: stage.user), by: stage.actor)).code == "not_found")
            #expect(try await stage.shop.ended(stage.shop.send(ConfirmPayment(orderID: order), by: stage.actor)).code == "no_payment_intent")
            let expired = try await stage.insertOrder(status: "expired")
            #expect(try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: expired), by: stage.actor)).code == "not_payable")
            let cents = try await stage.insertOrder(total: 30)
            #expect(try await stage.shop.ended(stage.shop.send(CreateIntent(orderID: cents), by: stage.actor)).code == "not_payable")
            #expect(try await stage.stripe.work().isEmpty)
        }
    }
}
