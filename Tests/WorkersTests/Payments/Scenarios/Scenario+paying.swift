import Conveyor
import Fixtures
import Postgres
import Shop
import Testing
import Transfer

/// Successful and failed payments.
extension Scenario {
    static let paying: [Scenario] = [
        Scenario(
            "paid at once",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            try await stage.stripe.pay(stage.createIntent(order))
            try await stage.bringEvents(.twice)
        },
        Scenario(
            "paid, and reported by the customer only",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            let intent = try await stage.createIntent(order)
            #expect(try await stage.confirm(order).code == "payment_not_confirmed")
            try await stage.stripe.pay(intent)
            #expect(try await stage.confirm(order).result?["payment_status"].string == "paid")
        },
        Scenario(
            "declined, then paid with another card",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation", "payment_failed"])
        ) { stage, order in
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent, "pm_card_chargeDeclined")
            try await stage.bringEvents(.twice)
            try await eventually("the decline, and its letter") {
                let now = try await stage.outcome(of: order)
                return now.order == "awaiting_payment/failed" && now.mails == ["payment_failed"]
            }
            #expect(try await stage.createIntent(order, asking: "GET /v1/payment_intents/*") == intent)
            try await stage.stripe.pay(intent)
            try await stage.bringEvents(.newestFirst)
        },
        Scenario(
            "3-D Secure",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent, "pm_card_authenticationRequired")
            try await stage.bringEvents()
            try await eventually("the bank's question") { try await stage.outcome(of: order).intents == ["requires_action"] }
            try await stage.stripe.control("payment_intents/\(intent)/authenticate")
            try await stage.bringEvents(.newestFirst)
        },
        Scenario(
            "paid from a bank account, days later",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent, "pm_usBankAccount_processing")
            try await stage.bringEvents()
            try await eventually("the bank's work") { try await stage.outcome(of: order).order == "awaiting_payment/processing" }
            try await stage.stripe.control("payment_intents/\(intent)/processing")
            try await stage.bringEvents()
        },
        Scenario(
            "paid before the intent is recorded",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            try await stage.stripe.pay(stage.makeIntentAhead(order))
            try await stage.bringEvents(.twice)
            try await eventually("the event to wait") { try await stage.events("payment_intent.succeeded") == ["waiting"] }
            _ = try await stage.createIntent(order)
        },
        Scenario(
            "another amount than the order's",
            Outcome(order: "awaiting_payment/unpaid", intents: ["succeeded"], work: ["payment_intents", "payment_intents/*"])
        ) { stage, order in
            let intent = try await stage.createIntent(order)
            try await stage.stripe.call(.post, "/v1/payment_intents/\(intent)", [("amount", "1900")])
            try await stage.stripe.pay(intent)
            #expect(try await stage.confirm(order).code == "payment_not_confirmed")
            try await stage.bringEvents(.twice)
            let letters = try await eventualValue("the dead letter") {
                let letters = try await stage.shop.pool.query("select queue, error_type from attempts where next_at is null").decode(
                    (String, String).self)
                return letters.isEmpty ? nil : letters
            }
            #expect(letters.map { "\($0.0)/\($0.1)" } == ["orders/amount_mismatch"])
        },
    ]
}
