import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Disputes of customers and banks.
extension Scenario {
    static let disputes: [Scenario] = [
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
        Scenario(
            "disputed and lost",
            Outcome(order: "paid/paid", intents: ["succeeded"], work: ["payment_intents"], mails: ["dispute", "order_confirmation"])
        ) { stage, order in
            let intent = try await stage.pay(order)
            let dispute = try #require(try await stage.stripe.control("disputes", [("payment_intent", intent)])["id"].string)
            try await stage.stripe.control("disputes/\(dispute)/close", [("status", "lost")])
            // The final state first: it stays, and earlier states emit nothing.
            try await stage.bringEvents(.newestBeforeOthers)
            try await eventually("the flag") { try await stage.isDisputed(order) }
        },
    ]
}
