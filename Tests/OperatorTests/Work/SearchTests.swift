import Conveyor
import Fixtures
import Testing

/// Finding orders, customers and products, in the console and by `conveyor search`.
@Suite struct SearchTests {
    private static let user = "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"
    private static let order = "5d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b11"

    private func fill(_ database: TestDatabase) async throws {
        try await database.psql(
            """
            insert into users (id, email, full_name, password_hash) values ('\(Self.user)', 'Grace_H@example.com', 'Grace Hopper', '!'),
                (gen_random_uuid(), 'gracexh@example.com', 'Another', '!');
            insert into orders (id, user_id, number, total_amount, status, payment_status, currency, shipping_address, payment_intent_id)
                values ('\(Self.order)', '\(Self.user)', 1002, 8000, 'paid', 'paid', 'usd', '{}', 'pi_quoted');
            insert into payments (payment_intent_id, order_id, amount, currency, status, client_secret)
                values ('pi_quoted', '\(Self.order)', 8000, 'usd', 'succeeded', 'a secret');
            insert into products (id, sku, name, unit_amount, currency) values (gen_random_uuid(), 'TEA-01', 'Green tea', 500, 'usd'),
                (gen_random_uuid(), 'TEA-02', 'Black tea', 600, 'usd');
            insert into inbox (message_id, correlation_id, sent_at, took_us, attempt, decides, consumer, type, outcome)
                values ('\(Self.order)', '\(Self.order)', now(), 1000, 1, true, 'orders', 'orders.place', 'succeeded');
            insert into order_events (order_id, type, status, at, actor, message_id, detail)
                values ('\(Self.order)', 'order.placed', 'pending', now(), '\(Self.user)', '\(Self.order)', '{}')
            """)
    }

    @Test func `an order is found by its number with and without the sign, a customer by address and name, a product by SKU and name`() async throws {
        try await withConsole { console in
            try await self.fill(console.database)
            let client = try await console.signedIn()
            func found(_ text: String) async throws -> WebClient.Page { try await client.get("/search?q=" + text) }
            for text in ["%231002", "1002"] { #expect(try await found(text).location == "/trace/1002") }
            for text in [Self.order, "pi_quoted"] { #expect(try await found(text).location == "/trace/\(text)") }
            let trace = try await client.get("/trace/1002")
            #expect(trace.status == 200 && trace.text.contains("Order #1002") && trace.text.contains("$80.00"))
            #expect(try await client.get("/trace/%231002").status == 200)
            // Its order is found too, and "_" is not a wildcard.
            let customer = try await found("grace_h@example.com")
            #expect(customer.status == 200 && customer.text.contains("/customers/\(Self.user)") && customer.text.contains("/trace/1002"))
            #expect(!customer.text.contains("gracexh"))
            #expect(try await found("hopper").text.contains("/customers/\(Self.user)"))
            #expect(try await found("tea-01").text.contains("Green tea"))
            let teas = try await found("tea").text
            #expect(teas.contains("TEA-01") && teas.contains("TEA-02"))
            #expect(try await found("nothing+like+it").status == 404)
            #expect(try await found("%00").status == 404)

            let page = try await client.get("/customers/\(Self.user)")
            #expect(page.status == 200 && page.text.contains("Grace Hopper") && page.text.contains("#1002") && page.text.contains("order.placed"))
            #expect(try await client.get("/customers/\(Self.order)").status == 404)

            let site = CommandLineSite(database: console.database, host: console.host)
            let hit = try await site.conveyor("search", "#1002", "--json").rows[0]
            #expect(hit.lacks("kind, id, title, detail").isEmpty && hit["kind"].string == "order" && hit["id"].string == "1002")
            #expect(try await site.conveyor("search", "GRACE_H@example.com", "--json").column("kind") == ["customer", "order"])
            #expect(try await site.conveyor("search", "nothing like it").status == 1)
        }
    }
}
