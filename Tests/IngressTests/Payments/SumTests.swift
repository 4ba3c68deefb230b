import Conveyor
import Fixtures
import Testing

/// Stripe's limits as clients see them.
@Suite struct SumTests {
    @Test func `a free order is paid at once, and can be neither paid nor refunded`() async throws {
        let shop = try await TestShop.shared()
        let (customer, product) = (try await shop.customer(), try await shop.product(["unit_amount": 0]))
        let id = try await shop.order(of: product, by: customer)
        let order = try await shop.other.get("/orders/\(id)", by: customer.token)
        #expect(order["status"] == "paid" && order["payment_status"] == "paid" && order["total_amount"] == 0)
        #expect(order["payment_due_at"].isNull && order["payments"].list.isEmpty)
        let intent = try await shop.api.send(
            "POST", "/payments/create-payment-intent", ["order_id": .string(id)], by: customer.token, waiting: true)
        #expect(intent.status == 409 && intent["code"] == "already_paid")
        let refund = try await shop.api.send("POST", "/payments/refunds", ["order_id": .string(id)], by: try await shop.staff(), waiting: true)
        #expect(refund.status == 409 && refund["code"] == "nothing_to_refund")
        let cancelled = try await shop.api.send("POST", "/orders/\(id)/cancel", by: customer.token, waiting: true)
        #expect(cancelled.status == 200)
    }

    @Test(arguments: [(2000, "xyz"), (150_050, "isk"), (500_001, "ugx"), (1234, "kwd")] as [(Int64, String)])
    func `a price beyond Stripe's limits is refused`(amount: Int64, currency: String) async throws {
        let shop = try await TestShop.shared()
        let made = try await shop.api.send(
            "POST", "/products",
            ["sku": .string("S-\(TestShop.number())"), "name": "Skyr", "unit_amount": .int(amount), "currency": .string(currency)],
            by: try await shop.staff(), waiting: true)
        #expect(made.status == 422 && made["code"] == "invalid", "\(made)")
        let product = try await shop.product(["unit_amount": 1230, "currency": "kwd"])
        let changed = try await shop.api.send(
            "PATCH", "/products/\(product)", ["unit_amount": .int(amount), "currency": .string(currency)], by: try await shop.staff(), waiting: true)
        #expect(changed.status == 422 && changed["code"] == "invalid", "\(changed)")
    }
}
