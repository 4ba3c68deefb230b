import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Refunds.
extension Scenario {
    static let refunds: [Scenario] = [
        Scenario(
            "refunded in two parts, and no more",
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
            // Only the older kind of event, which does not contain the refunds.
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
            "five refunds at once, of which two fit",
            Outcome(
                order: "paid/partially_refunded", refunded: 1800, intents: ["succeeded"], refunds: ["succeeded", "succeeded"],
                work: ["payment_intents", "refunds", "refunds"], mails: ["order_confirmation", "refunded", "refunded"])
        ) { stage, order in
            try await stage.pay(order)
            let asked = try await stage.asking("POST /v1/refunds") {
                var asked: [ID] = []
                for _ in 0..<5 { asked.append(try await stage.shop.send(RefundPayment(orderID: order, amount: 900))) }
                return asked
            }
            var ends: [String] = []
            for id in asked { ends.append(try await stage.shop.ended(id).code ?? "succeeded") }
            #expect(ends.sorted() == ["refund_exceeds_payment", "refund_exceeds_payment", "refund_exceeds_payment", "succeeded", "succeeded"])
            try await stage.bringEvents(.newestFirst)
        },
    ]
}
