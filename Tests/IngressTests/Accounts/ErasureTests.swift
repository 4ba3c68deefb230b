import Conveyor
import Fixtures
import Shop
import Testing

/// Erasing an account removes the person from all stored data, except what the law requires: of orders the country and the amounts.
@Suite struct ErasureTests {
    private static let name = "Wilhelmina Quennell"
    private static let street = "Zwetschgengasse 17"
    private static let phone = "+4915799999999"

    /// The tables that still contain the person's data, in any column, bytes included.
    private func traces(of words: [String], in shop: TestShop) async throws -> [String] {
        let tables = try await shop.database.psql(
            """
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1
            """
        ).compactMap { $0.first ?? nil }
        #expect(tables.count > 20)
        var traces: [String] = []
        for table in tables {
            for word in words {
                let found = try await shop.database.value(
                    """
                    select string_agg(row_to_json(t)::text, ' ') from \(table) t
                    where row_to_json(t)::text ilike '%\(word)%' or row_to_json(t)::text like '%' || encode(convert_to('\(word)', 'UTF8'), 'hex') || '%'
                    """)
                if let found { traces.append("\(table) has \(word): \(found.prefix(600))") }
            }
        }
        return traces
    }

    @Test func `no stored data identifies the person of an erased account, also not to the next owner of the address`() async throws {
        let shop = try await TestShop.shared()
        let staff = try await shop.staff()
        let email = "quennell\(TestShop.number())@shop.example"
        let registered = try await shop.api.send(
            "POST", "/auth/register", ["email": .string(email), "password": .string(TestShop.password), "full_name": .string(Self.name)],
            waiting: true)
        let user = try #require(registered["resource", "id"].text, "\(registered)")
        let token = try await shop.api.login(email)
        let product = try await shop.product()
        let address: JSON = [
            "name": .string(Self.name), "line1": .string(Self.street), "city": "Quedlinburg", "postal_code": "06484", "country": "DE",
            "phone": .string(Self.phone),
        ]
        func place() async throws -> String {
            let placed = try await shop.api.send(
                "POST", "/orders",
                ["items": [["product_id": .string(product), "quantity": 2]], "shipping_address": address, "billing_address": address], by: token,
                waiting: true)
            return try #require(placed["resource", "id"].text, "\(placed)")
        }
        // A paid and shipped order, with the payer's name in Stripe's event.
        let paid = try await place()
        let intent = try await shop.api.send("POST", "/payments/create-payment-intent", ["order_id": .string(paid)], by: token, waiting: true)
        let intentID = try #require(intent["result", "payment_intent_id"].text, "\(intent)")
        try await shop.database.psql("update orders set status = 'paid', payment_status = 'paid' where id = '\(paid)'")
        try await shop.database.psql(
            """
            insert into stripe_events (id, created_at, type, object_id, state, payload)
            values ('evt_\(user)', now(), 'payment_intent.succeeded', '\(intentID)', 'applied', '{"receipt_email": "\(email)", "name": "\(Self.name)"}')
            """)
        _ = try await shop.api.send(
            "POST", "/orders/\(paid)/ship", ["carrier": "DHL", "tracking_number": "QUENNELL-1"], by: staff, waiting: true)
        // A cancelled order with a reason in the person's words.
        let cancelled = try await place()
        _ = try await shop.api.send(
            "POST", "/orders/\(cancelled)/cancel", ["reason": .string("\(Self.name) moves to \(Self.street)")], by: token, waiting: true)
        _ = try await shop.api.send("PUT", "/cart/items/\(product)", ["quantity": 1], by: token, waiting: true)
        // An e-mail to the address and its record, as email-worker stores it; a requested reset.
        #expect(try await shop.api.send("POST", "/auth/password-reset", ["email": .string(email)], waiting: true).status == 200)
        try await shop.database.psql(
            """
            insert into emails (kind, subject, recipient, message_id, user_id) values ('welcome', '\(user)', '\(email)', '<x@y>', '\(user)');
            insert into attempts (message_id, correlation_id, attempt, queue, type, error_type, error)
            values (gen_random_uuid(), '\(user)', 1, 'email', 'account.registered', 'attempts_exhausted', '451 <\(email)>: try later');
            """)
        // Dead letters of each kind: from the person, to the person, about the person's order, and one that is not JSON.
        let bodies = [
            #"{"user_id":"\#(user)","full_name":"\#(Self.name)"}"#,
            #"{"template":"welcome","subject":"1","to":"\#(email)","data":{"name":"\#(Self.name)"}}"#,
            #"{"order_id":"\#(paid)","shipping_address":{"name":"\#(Self.name)","line1":"\#(Self.street)","country":"DE"}}"#,
            #"{"email":"\#(email)","#,
        ]
        for body in bodies {
            try await shop.database.psql(
                """
                insert into dead_letters (id, message_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error, "group", properties,
                                          headers, payload)
                values (gen_random_uuid(), gen_random_uuid(), 1, now(), now(), 'email', 'erasure.test', 'refused_by_smtp', '550 <\(email)>: no', 'g', '{}',
                        '{"error": "550 <\(email)>: no"}', convert_to('\(body.replacing("'", with: "''"))', 'UTF8'))
                """)
        }
        let words = [email, Self.name, Self.street, Self.phone, "QUENNELL-1"]
        #expect(try await self.traces(of: words, in: shop).count > 8, "it looks where the person stands")

        #expect(try await shop.api.send("DELETE", "/users/me", by: token, waiting: true).status == 200)
        // email-worker, which erases its own data, does not run in this shop.
        try await shop.database.psql("update emails set recipient = 'erased' where user_id = '\(user)'")
        var left = try await self.traces(of: words, in: shop)
        try await eventually("the erasure of \(left)") {
            left = try await self.traces(of: words, in: shop)
            return left.isEmpty
        }

        // The data that must be kept, and that operators need.
        let order = try await shop.api.get("/orders/\(paid)", by: staff)
        #expect(order["total_amount"] == 2000)
        #expect(order["shipping_address", "country"] == "DE")
        #expect(order["items"].list.count == 1)
        #expect(try await shop.database.value("select count(*) from dead_letters where type = 'erasure.test' and status = 'open'") == "4")
        #expect(try await shop.database.value("select count(*) from cart_items where user_id = '\(user)'") == "0")
        let kept = try await shop.database.value(
            "select count(*) from dead_letters where convert_from(payload, 'UTF8')::json ->> 'order_id' = '\(paid)'")
        #expect(kept == "1", "what the message is for stays")

        // The next owner of the address.
        let (next, _) = try await shop.api.register(email)
        let export = try await shop.api.get("/users/me/export", by: try await shop.api.login(email))
        #expect(export["user", "id"].text == next)
        #expect(export["orders"] == [] && export["emails"] == [] && export["cart", "items"] == [])
    }

    @Test func `e-mails to an address are exported to the account that they were sent for`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        try await shop.database.psql(
            """
            insert into emails (kind, subject, recipient, message_id, user_id) values
                ('welcome', '\(customer.id)', '\(customer.email)', '<a@y>', '\(customer.id)'),
                ('stock_low', '\(customer.id)', '\(customer.email)', '<b@y>', null)
            """)
        let export = try await shop.api.get("/users/me/export", by: customer.token)
        #expect(export["emails"].list.map { $0["kind"] } == ["welcome"])
    }
}
