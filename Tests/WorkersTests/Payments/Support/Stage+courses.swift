import Conveyor
import Fixtures
import Postgres
import Shop
import Transfer

/// Actions that scenarios share.
extension Stage {
    /// Pays the order at once and waits until it is paid.
    @discardableResult
    func pay(_ order: ID) async throws -> String {
        let intent = try await self.createIntent(order)
        try await self.stripe.pay(intent)
        try await self.bringEvents()
        try await eventually("the order to be paid") { try await self.outcome(of: order).order == "paid/paid" }
        return intent
    }

    func isDisputed(_ order: ID) async throws -> Bool {
        try await self.shop.pool.query("select disputed from orders where id = $1", order).decode(Bool.self).first ?? false
    }

    /// Creates the PaymentIntent that payments-worker would create first, with its key.
    func makeIntentAhead(_ order: ID) async throws -> String {
        try await self.stripe.call(
            .post, "/v1/payment_intents",
            [
                ("amount", "2000"), ("currency", "usd"), ("automatic_payment_methods[enabled]", "true"), ("metadata[order_id]", order.description),
            ], key: "order:\(order):intent:0")["id"].string ?? ""
    }

    /// Pays by a bank transfer, which takes its time, and cancels the order meanwhile: its intent can no longer be cancelled.
    func cancelWhileProcessing(_ order: ID) async throws -> String {
        let intent = try await self.createIntent(order)
        try await self.stripe.pay(intent, "pm_usBankAccount_processing")
        try await self.bringEvents()
        try await eventually("the bank's work") { try await self.outcome(of: order).order == "awaiting_payment/processing" }
        try await self.asking("GET /v1/payment_intents/*") { try await self.cancel(order) }
        try await eventually("Stripe's no, and the stock to be back") {
            let stock = try await self.shop.pool.query("select stock_quantity from products where id = $1", self.product).decode(Int32.self).first
            let calls = try await self.shop.pool.query("select from calls where outcome = '400 payment_intent_unexpected_state'").count
            return stock == 10 && calls == 1
        }
        return intent
    }
}
