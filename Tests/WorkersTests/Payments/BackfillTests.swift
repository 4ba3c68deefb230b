import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing
import Transfer

@testable import Payments

/// Events that the webhook missed, and payments that differ from Stripe's.
@Suite struct BackfillTests {
    @Test func `missed events are fetched at the start, page by page, and once`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let intent = try await stage.createIntent(order)
            try await stage.shop.stop()
            // Others use the account too: more events than a page has.
            for _ in 0..<120 {
                let foreign = try await stage.stripe.call(.post, "/v1/payment_intents", [("amount", "900"), ("currency", "usd")])["id"].string ?? ""
                try await stage.stripe.pay(foreign)
            }
            try await stage.stripe.pay(intent)
            try await stage.shop.start("payments-worker")
            try await stage.shop.start("orders-worker")
            try await eventually("the money") { try await stage.intents(of: order) == ["succeeded"] }
            try await eventually("all events") { try await stage.events("payment_intent.succeeded").count == 121 }
            // The webhook delivers them after all.
            try await stage.bringEvents()
            try await stage.shop.stop()
            #expect(try await stage.emitted("payment.succeeded") == 1)
        }
    }

    @Test func `the backfill resumes at its cursor, at regular intervals`() async throws {
        try await withPayments(["STRIPE_BACKFILL_SECONDS": "0.2"]) { stage in
            // So old that no younger event can appear behind it.
            try await stage.stripe.control("settings", [("clock_offset", "-120")])
            let first = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(first))
            try await eventually("the money") { try await stage.intents(of: first) == ["succeeded"] }
            try await eventually("the cursor to move") {
                try await !stage.shop.pool.query("select from stripe_cursor c join stripe_events e on e.id = c.event_id").isEmpty
            }
            let second = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(second))
            try await eventually("the money") { try await stage.intents(of: second) == ["succeeded"] }
            // Stripe deletes events, including the cursor's.
            try await stage.shop.pool.query("update stripe_cursor set event_id = 'evt_forgotten'")
            let third = try await stage.insertOrder()
            try await stage.stripe.pay(stage.createIntent(third))
            try await eventually("the money") { try await stage.intents(of: third) == ["succeeded"] }
            #expect(try await stage.emitted("payment.succeeded") == 3)
        }
    }

    @Test func `a payment that differs from Stripe's is repaired, with its refunds and disputes`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent)
            let refund = try await stage.stripe.control("refunds", [("payment_intent", intent), ("amount", "500")])["id"].string
            let dispute = try await stage.stripe.control("disputes", [("payment_intent", intent), ("amount", "100")])["id"].string
            // Held by a dead letter, and unknown to Stripe.
            try await stage.shop.pool.query(
                """
                insert into refunds (id, order_id, amount, payment_intent_id, currency, status, actor, held_at)
                values ($1, $2, 50, $3, 'usd', 'held', 'system', now() - interval '26 hours')
                """, stage.user, order, intent)
            let found = try await stage.shop.ended(stage.shop.send(ReconcilePayment(orderID: order))).result?["differences"].array ?? []
            #expect(
                found.map { [$0["id"].string, $0["field"].string, $0["here"].string, $0["stripe"].string] } == [
                    [intent, "status", "requires_payment_method", "succeeded"], [intent, "amount_received", "0", "2000"],
                    [refund, "status", nil, "succeeded"], [dispute, "status", nil, "needs_response"],
                ])
            #expect(try await stage.refunds(of: order) == ["refused", "succeeded"])
            for type in ["payment.succeeded", "payment.refunded", "payment.disputed"] { #expect(try await stage.emitted(type) == 1) }
            try await stage.hearOfMoney(order, refunded: 500, isDisputed: true)
            let again = try await stage.shop.ended(stage.shop.send(ReconcilePayment(orderID: order))).result
            #expect(again?["differences"].array.isEmpty == true)
        }
    }

    @Test func `conveyor payments reconcile prints the differences and has them repaired`() async throws {
        try await withPayments { stage in
            let order = try await stage.insertOrder()
            let intent = try await stage.createIntent(order)
            try await stage.stripe.pay(intent)
            let first = try await stage.conveyor("payments", "reconcile", "--json")
            #expect(first.exit == .status(0), "\(first.errors)")
            let findings = try JSON.decode(JSONValue.self, from: Array(first.output.utf8)).array
            #expect(findings.map { $0["order_id"].string } == [order.description])
            #expect(findings.first?["payment_intent_id"].string == intent)
            #expect(findings.first?["outcome"].string == "repaired")
            #expect(
                findings.first?["differences"].array.map { [$0["id"].string, $0["field"].string, $0["here"].string, $0["stripe"].string] } == [
                    [intent, "status", "requires_payment_method", "succeeded"], [intent, "amount_received", "0", "2000"],
                ])
            #expect(try await stage.intents(of: order) == ["succeeded"])
            try await stage.hearOfMoney(order)
            #expect(try await stage.conveyor("payments", "reconcile", "--since", "1h", "--json").output == "[]\n")
        }
    }
}

extension Stage {
    /// The effect of the event in orders-worker.
    func hearOfMoney(_ order: ID, refunded: Int64 = 0, isDisputed: Bool = false) async throws {
        try await self.shop.pool.query(
            """
            update orders set status = 'paid', payment_status = case when $2::int8 > 0 then 'partially_refunded' else 'paid' end, amount_refunded = $2,
                disputed = $3 where id = $1
            """, order, refunded, isDisputed)
    }

    /// Runs the operator's tool.
    func conveyor(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String, errors: String) {
        let process = try ChildProcess(
            Repository.executable("conveyor"), arguments,
            environment: ["DATABASE_URL": self.shop.database.url, "AMQP_URL": self.shop.host.amqpURL, "RABBITMQ_API": self.shop.host.apiURL],
            inherits: false)
        let exit = try await process.waitForExit()
        return (exit, process.standardOutput, process.standardError)
    }
}
