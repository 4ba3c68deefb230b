import Conveyor
import Fixtures
import FoundationEssentials
import Testing
import Transfer

@testable import ConveyorOperator
@testable import Operator

/// `conveyor verify`: lost messages are found, and published again.
@Suite struct VerifyCommandTests {
    private static let address: JSONValue = .object([
        "name": .string("Ada Lovelace"), "line1": .string("12 St James's Square"), "city": .string("London"), "postal_code": .string("SW1Y 4JH"),
        "country": .string("GB"),
    ])

    private func place(_ shop: OperatedShop, token: String, waits: Bool = true) async throws -> String {
        let lines: JSONValue = .array([.object(["product_id": .string("\(SampleShop.product(2))"), "quantity": .int(3)])])
        let placed = try await shop.call(
            .post, "/orders", .object(["items": lines, "shipping_address": Self.address]), token: token, waits: waits)
        return try #require(placed["resource"]["id"].string)
    }

    private func pause(_ queue: String, _ shop: OperatedShop) async throws {
        #expect(try await shop.conveyor("pause", queue).status == 0)
        try await eventually("\(queue) is paused", within: .seconds(30)) { try await shop.site.host.consumers(queue).isEmpty }
    }

    /// Deletes a queue with its messages, and declares it again.
    /// - Returns: the number of messages.
    private func lose(_ queue: String, _ shop: OperatedShop) async throws -> Int64 {
        let count = try await shop.site.waiting(in: queue)
        try await shop.site.host.deleteQueue(queue)
        #expect(try await shop.conveyor("topology", "apply").status == 0)
        return Int64(count)
    }

    @Test func `a payment and a reservation whose events were lost with a queue are found, and published again once`() async throws {
        try await withOperatedShop { shop in
            #expect(try await shop.conveyor("sample", "load", "--products", "3", "--users", "2", "--stock", "10").status == 0)
            let token = String(try await shop.conveyor("users", "token", "user1@example.com").output.dropLast())
            let paid = try await self.place(shop, token: token)
            let intent = try await shop.call(.post, "/payments/create-payment-intent", .object(["order_id": .string(paid)]), token: token)["result"]
            try await eventually("the order knows its intent", within: .seconds(30)) {
                try await shop.call(.get, "/orders/\(paid)", token: token)["payment_intent_id"].string != nil
            }
            // The second order's stock is held, and the answer waits together with the first one's payment.
            try await self.pause("inventory", shop)
            _ = try await self.place(shop, token: token, waits: false)
            try await eventually("the stock is asked for", within: .seconds(30)) { try await shop.site.waiting(in: "inventory") == 1 }
            try await self.pause("orders", shop)
            #expect(try await shop.conveyor("resume", "inventory").status == 0)
            try await shop.pay(intent)
            try await eventually("all that Stripe said is handled, and what it led to waits", within: .seconds(60)) {
                let emitted = try await shop.site.database.value("select count(*) from inbox where emitted::text like '%payment.succeeded%'")
                let (payments, orders) = (try await shop.site.waiting(in: "payments"), try await shop.site.waiting(in: "orders"))
                return emitted == "1" && payments == 0 && orders >= 2
            }
            let count = try await self.lose("orders", shop)
            #expect(try await shop.conveyor("resume", "orders").status == 0)

            // Verify checks again, since the messages might have been on their way a moment ago.
            try await shop.site.database.psql("update inbox set handled_at = handled_at - interval '2 minutes'")
            try await shop.site.database.psql("update reservations set at = at - interval '2 minutes'")
            let lost = try await shop.conveyor("verify", "--json")
            #expect(lost.status == 1)
            #expect(try lost.json["messages"]["balance"] == .int(count) && lost.json["money"]["balance"] != .int(0), "\(lost.output)")

            let repaired = try await shop.conveyor("verify", "--republish", "--json")
            #expect(try repaired.json["republished"] == .int(count), "\(repaired.output)")
            try await eventually("both orders are as they should be", within: .seconds(60)) {
                try await shop.site.database.psql("select status from orders order by status") == [["awaiting_payment"], ["paid"]]
            }
            let again = try await shop.conveyor("verify", "--republish", "--json")
            #expect(again.status == 0, "\(again.output)")
            #expect(try again.json["republished"] == .null)
            for book in ["messages", "stock", "money"] { #expect(try again.json[book]["balance"] == .int(0)) }
            #expect(try await shop.site.audit(of: "orders").contains { $0[1] == "republish" && $0[2] == "\(count) messages" })
            let dead = try await shop.conveyor("dead", "list", "--json").rows
            #expect(dead.isEmpty, "\(dead)")
        }
    }

    @Test func `a lost event for a partner's endpoint is found, sent again once, and delivered`() async throws {
        try await withOperatedShop { shop in
            #expect(try await shop.conveyor("sample", "load", "--products", "3", "--users", "2", "--stock", "10").status == 0)
            let staff = String(try await shop.conveyor("users", "token", "admin@example.com").output.dropLast())
            let token = String(try await shop.conveyor("users", "token", "user1@example.com").output.dropLast())
            let made = try await shop.call(
                .post, "/webhook-endpoints",
                .object(["url": .string("https://hooks.partner.example/"), "events": .array([.string("order.placed")])]), token: staff)
            let endpoint = try #require(made["resource"]["id"].string)
            try await shop.site.database.psql("update wanted_events set since = since - interval '1 hour'")
            try await self.pause("webhooks", shop)
            _ = try await self.place(shop, token: token)
            try await eventually("the event waits", within: .seconds(30)) { try await shop.site.waiting(in: "webhooks") == 1 }
            #expect(try await shop.conveyor("verify", "--json").json["messages"]["queued"] == .int(1))
            #expect(try await self.lose("webhooks", shop) == 1)
            try await shop.site.database.psql("update inbox set handled_at = handled_at - interval '2 minutes'")
            let lost = try await shop.conveyor("verify", "--json")
            #expect(lost.status == 1)
            #expect(try lost.json["messages"]["balance"] == .int(1), "\(lost.output)")
            #expect(try await shop.conveyor("verify", "--republish", "--json").json["republished"] == .int(1))
            #expect(try await shop.conveyor("resume", "webhooks").status == 0)
            try await eventually("it has its delivery", within: .seconds(60)) {
                try await shop.conveyor("webhooks", "deliveries", "--endpoint", endpoint, "--json").rows.map { $0["type"].string } == ["order.placed"]
            }
            let again = try await shop.conveyor("verify", "--json")
            #expect(again.status == 0, "\(again.output)")

            // An event without its delivery is found too.
            try await shop.site.database.psql(
                "update webhook_endpoints set updated_at = updated_at - interval '1 hour'; delete from webhook_deliveries")
            let gone = try await shop.conveyor("verify", "--json")
            #expect(gone.status == 1)
            #expect(try gone.json["deliveries"]["balance"] == .int(1), "\(gone.output)")
        }
    }

    @Test func `units reserved for a missing order show in the stock's balance after a minute`() async throws {
        try await withCommandLine { site in
            try await site.database.psql(
                """
                insert into products (id, unit_amount, stock_quantity, currency, sku, name)
                values ('00000000-0000-4000-8000-000000000001', 100, 7, 'usd', 'A', 'A');
                insert into stock_movements (product_id, delta, stock_after, kind, actor) values
                    ('00000000-0000-4000-8000-000000000001', 10, 10, 'initial', 'system'),
                    ('00000000-0000-4000-8000-000000000001', -3, 7, 'reservation', 'system');
                insert into reservations (order_id, message_id, state, product_ids, quantities) values
                    ('00000000-0000-4000-8000-0000000000aa', '00000000-0000-4000-8000-0000000000aa', 'held',
                     array['00000000-0000-4000-8000-000000000001'::uuid], array[3]);
                """)
            let fresh = try await site.conveyor("audit", "--json")
            #expect(fresh.status == 0, "\(fresh.output)\(fresh.error)")
            #expect(try fresh.json["stock"]["reserved"] == .int(3))
            try await site.database.psql("update reservations set at = now() - interval '2 minutes'")
            let stranded = try await site.conveyor("verify", "--json")
            #expect(stranded.status == 1)
            let stock = try stranded.json["stock"]
            #expect(stock["balance"] == .int(3) && stock["reserved"] == .int(0))
            #expect(stock["stranded"].array.map { $0["order_id"].string } == ["00000000-0000-4000-8000-0000000000aa"])
            #expect(try await site.conveyor("verify").output.contains("held for order 00000000-0000-4000-8000-0000000000aa"))
            // While its dead letter is open, an operator will handle it.
            let letter = try await site.addDeadLetter(type: "stock.reserved")
            try await site.database.psql("update dead_letters set order_id = '00000000-0000-4000-8000-0000000000aa' where id = '\(letter)'")
            #expect(try await site.conveyor("verify", "--json").json["stock"]["balance"] == .int(0))
        }
    }
}
