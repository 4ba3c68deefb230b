import Fixtures
import Kit
import Postgres
import Shop
import Testing

/// The courses that an order's money takes, each also with payments-worker killed whenever Stripe has answered it: what it comes to is the same, and
/// nothing is charged, refunded or told twice.
@Suite struct PaymentScenarioTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let name: String
        let play: @Sendable (Stage, ID) async throws -> Void
        let outcome: Outcome
        var testDescription: String { self.name }

        init(_ name: String, _ outcome: Outcome, _ play: @escaping @Sendable (Stage, ID) async throws -> Void) {
            self.name = name
            self.play = play
            self.outcome = outcome
        }
    }

    @Test(arguments: Self.scenarios, Interruption.allCases)
    func `An order's money takes its course`(scenario: Scenario, interruption: Interruption) async throws {
        try await withShop { shop in
            let stage = Stage(shop: shop, interruption: interruption)
            try await stage.setTheScene()
            let order = try await stage.place()
            try await scenario.play(stage, order)
            try await stage.expect(order, scenario.outcome)
        }
    }

    static let scenarios: [Scenario] = [
        Scenario(
            "paid at once",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            try await stage.stripe.pay(stage.createIntent(order))
            try await stage.bringEvents(.twice)
        },
        Scenario(
            "paid, and nobody but the customer says so",
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
            "refunded in two parts, and not a cent more",
            Outcome(
                order: "paid/refunded", refunded: 2000, intents: ["succeeded"], refunds: ["succeeded", "succeeded"],
                work: ["payment_intents", "refunds", "refunds"], mails: ["order_confirmation", "refunded", "refunded"])
        ) { stage, order in
            try await stage.pay(order)
            #expect(try await stage.refund(order, 500).result?["amount"].integer == 500)
            #expect(try await stage.refund(order).result?["amount"].integer == 1500)
            let more = try await stage.shop.ended(stage.shop.send(RefundPayment(orderID: order, amount: 1)))
            #expect(more.code == "nothing_to_refund")
            try await stage.bringEvents(.twice)
        },
        Scenario(
            "refunded in the dashboard",
            Outcome(
                order: "paid/partially_refunded", refunded: 700, intents: ["succeeded"], refunds: ["succeeded", "succeeded"],
                work: ["payment_intents"], mails: ["order_confirmation", "refunded", "refunded"])
        ) { stage, order in
            let intent = try await stage.pay(order)
            try await stage.stripe.control("refunds", [("payment_intent", intent), ("amount", "300")])
            try await stage.stripe.control("refunds", [("payment_intent", intent), ("amount", "400")])
            // Of the older kind alone, which does not say which refunds there are.
            for event in try await stage.stripe.newEvents() where event.eventType == "charge.refunded" {
                try await stage.shop.send(event, id: StripeEvent.messageID(event.eventID), by: "stripe")
            }
        },
        Scenario(
            "a refund that fails days later is the shop's again",
            Outcome(
                order: "paid/paid", intents: ["succeeded"], refunds: ["failed"], work: ["payment_intents", "refunds"],
                mails: ["order_confirmation", "refunded"])
        ) { stage, order in
            try await stage.pay(order)
            let refund = try #require(try await stage.refund(order).result?["refund_id"].string)
            try await stage.bringEvents()
            try await eventually("the refund") { try await stage.outcome(of: order).order == "paid/refunded" }
            try await stage.stripe.control("refunds/\(refund)", [("status", "failed")])
            try await stage.bringEvents(.newestFirst)
        },
        Scenario(
            "cancelled after it was paid",
            Outcome(
                order: "cancelled/refunded", refunded: 2000, intents: ["succeeded"], refunds: ["succeeded"], work: ["payment_intents", "refunds"],
                mails: ["order_cancelled", "order_confirmation", "refunded"])
        ) { stage, order in
            try await stage.pay(order)
            try await stage.asking("POST /v1/refunds") { try await stage.cancel(order) }
            try await stage.bringEvents()
        },
        Scenario(
            "cancelled before it was paid",
            Outcome(
                order: "cancelled/unpaid", intents: ["canceled"], work: ["payment_intents", "payment_intents/*/cancel"], mails: ["order_cancelled"])
        ) { stage, order in
            _ = try await stage.createIntent(order)
            try await stage.asking("POST /v1/payment_intents/*/cancel") { try await stage.cancel(order) }
            try await stage.bringEvents()
        },
        Scenario(
            "never paid",
            Outcome(
                order: "expired/unpaid", intents: ["canceled"], work: ["payment_intents", "payment_intents/*/cancel"], mails: ["order_expired"])
        ) { stage, order in
            _ = try await stage.createIntent(order)
            try await stage.asking("POST /v1/payment_intents/*/cancel") { try await stage.expire(order) }
            try await stage.bringEvents()
        },
        Scenario(
            "paid in the last second",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_confirmation"])
        ) { stage, order in
            try await stage.stripe.pay(stage.createIntent(order))
            try await stage.asking("POST /v1/payment_intents/*/cancel") { try await stage.expire(order) }
            try await stage.bringEvents()
        },
        Scenario(
            "disputed and won",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["dispute", "dispute", "order_confirmation"])
        ) { stage, order in
            let intent = try await stage.pay(order)
            let dispute = try #require(try await stage.stripe.control("disputes", [("payment_intent", intent)])["id"].string)
            try await stage.bringEvents(.twice)
            try await eventually("the flag") { try await stage.isDisputed(order) }
            try await stage.stripe.control("disputes/\(dispute)/close", [("status", "won")])
            try await stage.bringEvents()
            try await eventually("the flag to go") { try await !stage.isDisputed(order) }
        },
    ]
}

extension Stage {
    /// Pays the order at once and waits until it is paid.
    @discardableResult
    func pay(_ order: ID) async throws -> String {
        let intent = try await self.createIntent(order)
        try await self.stripe.pay(intent)
        try await self.bringEvents()
        try await eventually("the order to be paid", within: .seconds(20)) { try await self.outcome(of: order).order == "paid/paid" }
        return intent
    }

    func isDisputed(_ order: ID) async throws -> Bool {
        try await self.shop.pool.query("select disputed from orders where id = $1", order).decode(Bool.self).first ?? false
    }
}
