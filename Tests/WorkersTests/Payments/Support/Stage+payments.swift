import Conveyor
import Fixtures
import Postgres
import Shop

@testable import Payments

/// A shop in which only payments-worker runs: orders are rows, and its events are read from its inbox.
func withPayments<Result>(
    _ settings: [String: String] = [:], parts: [String] = ["payments-worker"], isolation: isolated (any Actor)? = #isolation,
    _ body: (Stage) async throws -> Result
) async throws -> Result {
    try await withShop(parts, settings: settings) { shop in
        let stage = Stage(shop: shop, interruption: .none)
        try await stage.setTheScene()
        return try await body(stage)
    }
}

extension Stage {
    /// An order's row.
    func insertOrder(total: Int64 = 2000, status: String = "awaiting_payment") async throws -> ID {
        let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        try await self.shop.pool.query(
            "insert into orders (id, user_id, total_amount, status, currency, shipping_address) values ($1, $2, $3, $4, 'usd', '{}')", id, self.user,
            total, status)
        return id
    }

    /// An order whose payment has succeeded.
    func insertPaidOrder(total: Int64 = 2000) async throws -> (order: ID, intent: String) {
        let order = try await self.insertOrder(total: total)
        let intent = try await self.createIntent(order)
        try await self.stripe.pay(intent)
        try await self.bringEvents()
        try await eventually("the money") { try await self.intents(of: order) == ["succeeded"] }
        return (order, intent)
    }

    /// The stored statuses of an order's PaymentIntents, oldest first.
    func intents(of order: ID) async throws -> [String] {
        try await self.shop.pool.query("select status from payments where order_id = $1 order by created_at", order).decode(String.self)
    }

    func refunds(of order: ID) async throws -> [String] {
        try await self.shop.pool.query("select status from refunds where order_id = $1 order by status", order).decode(String.self)
    }

    /// The number of times that payments-worker has emitted an event.
    func emitted(_ type: String) async throws -> Int64 {
        try await self.shop.pool.query(
            "select count(*) from inbox i, json_array_elements(i.emitted) e where i.consumer = 'payments' and e ->> 'type' = $1", type
        ).decode(Int64.self).first ?? 0
    }

    /// The states of the Stripe events of a type.
    func events(_ type: String) async throws -> [String] {
        try await self.shop.pool.query("select state from stripe_events where type = $1 order by state", type).decode(String.self)
    }

    /// Waits for a dead letter from payments-worker, and returns it.
    func deadLetter(_ message: ID) async throws -> String {
        try await eventualValue("a dead letter") {
            try await self.shop.pool.query(
                "select error_type from attempts where message_id = $1 and next_at is null", message
            ).decode(String.self).first
        }
    }
}
