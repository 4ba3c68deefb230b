import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing
import Transfer

@Suite struct EventTests {
    @Test func `an event waits until its intent is known`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            // A worker died after Stripe had created the intent.
            let made = try await stage.makeIntentAhead(order)
            try await stage.stripe.pay(made)
            try await stage.bringEvents(.twice)
            try await eventually("the event to wait") { try await stage.events("payment_intent.succeeded") == ["waiting"] }
            #expect(try await stage.createIntent(order) == made)
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
            #expect(try await stage.events("payment_intent.succeeded") == ["applied"])
            #expect(try await stage.emitted("payment.succeeded") == 1)
        }
    }

    @Test func `an event and its intent never miss each other`() async throws {
        try await withPayments(["CONCURRENCY": "4"]) { stage in
            var orders: [ID] = []
            for _ in 0..<12 {
                let order = try await stage.insertOrder()
                orders.append(order)
                try await stage.stripe.pay(stage.makeIntentAhead(order))
            }
            let events = try await stage.stripe.newEvents().filter { $0.eventType == "payment_intent.succeeded" }
            // Both at once.
            for (order, event) in zip(orders, events) {
                try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
                try await stage.shop.send(event, id: StripeEvent.messageID(event.eventID), by: "stripe")
            }
            for order in orders {
                try await eventually("the money of \(order)") { try await stage.intents(of: order) == ["succeeded"] }
            }
            try await eventually("all events to be emitted") { try await stage.emitted("payment.succeeded") == 12 }
        }
    }

    @Test func `events for unknown intents are dropped after a day`() async throws {
        try await withPayments(["STRIPE_BACKFILL_SECONDS": "0.2"]) { stage in
            let foreign = try await stage.stripe.call(.post, "/v1/payment_intents", [("amount", "900"), ("currency", "usd")])["id"].string ?? ""
            try await stage.stripe.pay(foreign)
            try await eventually("the event to wait") { try await stage.events("payment_intent.succeeded") == ["waiting"] }
            try await stage.shop.pool.query("update stripe_events set received_at = now() - interval '25 hours'")
            try await eventually("it to be given up") { try await stage.events("payment_intent.succeeded") == ["ignored"] }
        }
    }

    @Test func `the same event with many message ids takes effect once`() async throws {
        try await withPayments(["BATCH_SIZE": "1", "CONCURRENCY": "4"]) { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(order))
            let event = try #require(try await stage.stripe.newEvents().first { $0.eventType == "payment_intent.succeeded" })
            var asked: [ID] = []
            for _ in 0..<12 { asked.append(try await stage.shop.send(event, by: "stripe")) }
            for id in asked { #expect(try await stage.shop.ended(id).outcome == "succeeded") }
            #expect(try await stage.emitted("payment.succeeded") == 1)
        }
    }

    @Test func `Stripe decides between two events of the same second`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let intent = try await stage.createIntent(order)
            // A decline and a bank transfer in the same second at Stripe.
            let second = UInt64(Clock.milliseconds()) % 1000
            if second > 500 { try await Task.sleep(for: .milliseconds(1000 - second)) }
            try await stage.stripe.pay(intent, "pm_card_chargeDeclined")
            try await stage.stripe.pay(intent, "pm_usBankAccount_processing")
            for event in try await stage.stripe.newEvents().reversed() where event.eventType.hasPrefix("payment_intent.p") {
                _ = try await stage.shop.ended(stage.shop.send(event, id: StripeEvent.messageID(event.eventID), by: "stripe"))
            }
            try await eventually("Stripe's word") { try await stage.intents(of: order) == ["processing"] }
            #expect(try await stage.emitted("payment.processing") >= 1)
        }
    }

    @Test func `an older event changes nothing`() async throws {
        try await withPayments { stage in
            let (order, intent) = try await stage.insertPaidOrder()
            let late = """
                {"data":{"object":{"id":"\(intent)","object":"payment_intent","amount":2000,"currency":"usd","status":"requires_payment_method",
                "last_payment_error":{"code":"card_declined","decline_code":"generic_decline"}}}}
                """
            let event = StripeEvent(eventID: "evt_late", eventType: "payment_intent.payment_failed", created: 1_700_000_000, body: late)
            #expect(try await stage.shop.ended(stage.shop.send(event, by: "stripe")).outcome == "succeeded")
            #expect(try await stage.intents(of: order) == ["succeeded"])
            #expect(try await stage.emitted("payment.failed") == 0)
        }
    }

    @Test func `an invalid body becomes a dead letter, and the other messages are handled`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(order))
            var broken: [ID] = []
            for body in ["", "null", "{}", "{\"data\":{\"object\":{\"id\":7}}}", "\u{0}", "[1,2"] {
                broken.append(
                    try await stage.shop.send(
                        StripeEvent(eventID: "evt_\(body.count)", eventType: "payment_intent.succeeded", created: 1, body: body), by: "stripe"))
            }
            try await stage.bringEvents()
            for id in broken { #expect(try await stage.deadLetter(id) == "invalid_payload") }
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
        }
    }

    @Test func `an event without effect is stored only`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(order))
            try await stage.bringEvents()
            try await eventually("all events") {
                try await stage.shop.pool.query(
                    "select from stripe_events where type in ('payment_intent.created', 'charge.succeeded') and state = 'ignored'"
                ).count
                    == 2
            }
        }
    }
}
