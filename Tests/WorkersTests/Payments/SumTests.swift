import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing
import Transfer

/// The amounts of orders, and whether Stripe accepts them.
@Suite struct SumTests {
    private func order(_ total: Int64, _ currency: String, _ stage: Stage) async throws -> ID {
        let order = try await stage.insertOrder(total: total)
        try await stage.shop.pool.query("update orders set currency = $2 where id = $1", order, currency)
        return order
    }

    @Test func `an amount that Stripe does not accept gets a problem, however often it is requested`() async throws {
        try await withPayments { stage in
            let sums: [(Int64, String)] = [
                (30, "usd"), (100_000_000, "usd"), (2000, "xyz"), (150_050, "isk"), (500_001, "ugx"), (1234, "kwd"), (49, "jpy"), (17_400, "huf"),
                (.max, "eur"),
            ]
            for (total, currency) in sums {
                let order = try await self.order(total, currency, stage)
                for _ in 0..<2 {
                    let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
                    #expect(try await stage.shop.ended(asked).code == "not_payable", "\(total) \(currency)")
                }
            }
            for (total, currency) in [(150_000, "isk"), (500_000, "ugx"), (1230, "kwd"), (50, "jpy"), (99_999_999, "usd"), (900_000_000, "idr")] {
                #expect(try await !stage.createIntent(self.order(Int64(total), currency, stage)).isEmpty, "\(total) \(currency)")
            }
            #expect(try await stage.shop.pool.query("select from attempts where next_at is null").isEmpty)
        }
    }

    @Test func `a free order is already paid, and nothing can be refunded`() async throws {
        try await withPayments { stage in
            for status in ["paid", "awaiting_payment"] {
                let order = try await stage.insertOrder(total: 0, status: status)
                let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
                #expect(try await stage.shop.ended(asked).code == "already_paid")
                #expect(try await stage.refund(order).code == "nothing_to_refund")
            }
            #expect(try await stage.stripe.requests().allSatisfy { !$0.name.hasPrefix("POST") })
        }
    }

    @Test func `a refund beyond Stripe's limits is refused with the field`() async throws {
        try await withPayments { stage in
            let order = try await self.order(5000, "kwd", stage)
            try await stage.stripe.pay(stage.createIntent(order))
            try await stage.bringEvents()
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
            #expect(try await stage.refund(order, 1234).code == "invalid")
            #expect(try await stage.refund(order, 1230).result?["amount"].integer == 1230)
        }
    }

    @Test func `the table of currencies agrees with Stripe`() async throws {
        try await withPayments(parts: []) { stage in
            for currency in Currency.all {
                let least = max(currency.minimumCharge ?? 0, currency.step)
                func answer(_ amount: Int64) async throws -> (status: String?, code: String?) {
                    let answer = try await stage.stripe.call(
                        .post, "/v1/payment_intents", [("amount", "\(amount)"), ("currency", currency.code)])
                    return (answer["status"].string, answer["error"]["code"].string)
                }
                let most = currency.maximumCharge / currency.step * currency.step
                for sum in [least, most] {
                    let made = try await answer(sum)
                    #expect(made.status == "requires_payment_method", "\(sum) \(currency.code)")
                }
                #expect(try await answer(most + currency.step).code == "amount_too_large", "\(currency.code)")
                if let minimum = currency.minimumCharge { #expect(try await answer(minimum - 1).code == "amount_too_small") }
                if currency.step > 1 { #expect(try await answer(least + 1).code?.hasPrefix("invalid_charge_amount") == true, "\(currency.code)") }
            }
        }
    }

    @Test func `no payment begins for an order whose deadline has passed`() async throws {
        try await withPayments { stage in
            let late = try await stage.insertOrder()
            try await stage.shop.pool.query("update orders set payment_due_at = now() - interval '1 second' where id = $1", late)
            let refused = try await stage.shop.send(CreateIntent(orderID: late), by: stage.actor)
            #expect(try await stage.shop.ended(refused).code == "not_payable")
            #expect(try await stage.stripe.requests().allSatisfy { !$0.name.contains("payment_intents") })

            // The deadline passes while Stripe is asked, and the expiry finds no intent to cancel yet.
            let order = try await stage.insertOrder()
            try await stage.shop.pool.query("update orders set payment_due_at = now() + interval '1 hour' where id = $1", order)
            try await stage.stripe.fault("hang", "POST", "/v1/payment_intents", [("seconds", "1"), ("count", "1")])
            let asked = try await stage.shop.send(CreateIntent(orderID: order), by: stage.actor)
            try await eventually("the question") { try await stage.stripe.requests().contains { $0.name == "POST /v1/payment_intents" } }
            try await stage.shop.pool.query("update orders set payment_due_at = now() where id = $1", order)
            _ = try await stage.shop.ended(stage.shop.send(CancelIntent(orderID: order, reason: .expired)))
            #expect(try await stage.shop.ended(asked).code == "not_payable")
            try await eventually("the intent to be canceled") { try await stage.intents(of: order) == ["canceled"] }
        }
    }
}
