import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Orders that are cancelled or expire, and payments that come all the same.
extension Scenario {
    static let givenUp: [Scenario] = [
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
            "cancelled during a bank transfer, then paid and in stock",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["order_cancelled", "order_confirmation"])
        ) { stage, order in
            let intent = try await stage.cancelWhileProcessing(order)
            try await stage.stripe.control("payment_intents/\(intent)/processing")
            try await stage.bringEvents(.newestFirst)
        },
        Scenario(
            "cancelled during a bank transfer, then paid and sold out",
            Outcome(
                order: "cancelled/refunded", refunded: 2000, intents: ["succeeded"], refunds: ["succeeded"], work: ["payment_intents", "refunds"],
                mails: ["order_cancelled", "refunded", "stock_low"])
        ) { stage, order in
            let intent = try await stage.cancelWhileProcessing(order)
            _ = try await stage.shop.ended(stage.shop.send(AdjustStock(productID: stage.product, set: 0, reason: "counted")))
            try await stage.stripe.control("payment_intents/\(intent)/processing")
            try await stage.asking("POST /v1/refunds") { try await stage.bringEvents(.twice) }
            // A bank returns it after a while.
            try await eventually("the refund", every: .milliseconds(100)) {
                try await stage.bringEvents()
                return try await stage.refunds(of: order) == ["succeeded"]
            }
        },
        Scenario(
            "cancelled during a bank transfer, which then fails",
            Outcome(
                order: "cancelled/failed", intents: ["canceled"], work: ["payment_intents", "payment_intents/*/cancel"], mails: ["order_cancelled"])
        ) { stage, order in
            let intent = try await stage.cancelWhileProcessing(order)
            try await stage.stripe.control("payment_intents/\(intent)/processing", [("outcome", "fail")])
            try await stage.bringEvents()
        },
    ]
}
