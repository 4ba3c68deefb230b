import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

/// The cost of an order does not grow with the tables: on large ones no statement of orders-worker or inventory-worker scans a table.
@Suite struct StatementPlanTests {
    /// Rows by table, none of which belongs to the test's orders.
    private static let fill = """
        insert into users (id, email, password_hash) select gen_random_uuid(), n || '@example.com', '!' from generate_series(1, 20000) n;
        insert into products (id, unit_amount, currency, sku, name) select gen_random_uuid(), 1, 'usd', 'P' || n, 'n' from generate_series(1, 100000) n;
        insert into orders (id, user_id, total_amount, status, currency, shipping_address, payment_due_at)
            select gen_random_uuid(), gen_random_uuid(), 1, 'awaiting_payment', 'usd', '{}', now() + interval '1 day' from generate_series(1, 120000);
        insert into order_items (order_id, product_id, unit_amount, quantity, sku, name) select id, gen_random_uuid(), 1, 1, 's', 'n' from orders;
        insert into order_events (order_id, message_id, type, status, actor) select id, id, 'order.placed', 'pending', 'system' from orders;
        insert into payment_deadlines (due_at, order_id) select payment_due_at + n * interval '1 ms', id
            from (select *, row_number() over () as n from orders) o;
        insert into reservations (order_id, message_id, state, product_ids, quantities) select id, id, 'held', '{}', '{}' from orders;
        insert into stock_movements (product_id, delta, stock_after, kind, actor) select id, 1, 1, 'adjustment', 'system' from products;
        insert into carts (user_id) select id from users;
        insert into cart_items (user_id, product_id, quantity, updated_at) select id, gen_random_uuid(), 1, now() from users;
        insert into refunds (id, order_id, amount, payment_intent_id, currency, status, actor)
            select id, id, 1, 'pi', 'usd', 'succeeded', 'stripe' from orders limit 50000;
        insert into disputes (dispute_id, order_id, amount, payment_intent_id, currency, status) select id, id, 1, 'pi', 'usd', 'won' from orders limit 50000;
        insert into inbox (message_id, correlation_id, sent_at, took_us, attempt, decides, consumer, type, outcome)
            select gen_random_uuid(), gen_random_uuid(), now() - n * interval '1 second', 1, 1, true, 'orders', 'orders.place', 'succeeded'
            from generate_series(1, 120000) n;
        analyze;
        """

    @Test func `no statement of an order scans a large table`() async throws {
        try await withBench { bench in
            let (user, other) = (try await bench.user(), try await bench.user())
            var products: [ID] = []
            for _ in 0..<8 { products.append(try await bench.product(stock: 100_000)) }
            try await bench.database.psql(Self.fill)
            try await bench.reportStatistics()
            let before = try await self.scans(bench)

            // More often than five times, after which a prepared statement keeps its plan.
            for round in 0..<9 {
                let size = [1, 3, 64][round % 3]
                let lines = products.shuffled().prefix(3).map { OrderLine(productID: $0, quantity: 1) }
                func each(_ message: (ID) -> Sent) -> [Sent] { orders.map(message) }
                let places = (0..<size).map { _ in Sent(PlaceOrder(userID: user, items: Array(lines), shippingAddress: Bench.address), by: user) }
                let orders = places.map(\.id)
                let direct = (0..<size).map { _ in
                    Sent(ReserveStock(order: PlaceOrder(userID: user, items: Array(lines), shippingAddress: Bench.address)), by: user)
                }
                let answers = try await bench.take(direct).map { try #require(try $0.reply.first(StockReserved.self)) }
                _ = try await bench.take(direct)
                let total = 3000 as Int64
                for batch in [
                    answers.map { Sent($0) }, places, each { Sent(ReserveStock(orderID: $0, lines: Array(lines))) },
                    each { Sent(StockReserved(orderID: $0)) },
                    each { Sent(PaymentIntentCreated(orderID: $0, paymentIntentID: "pi", amount: total, currency: "usd")) },
                    each { Sent(PaymentSucceeded(orderID: $0, paymentIntentID: "pi", amount: total, currency: "usd")) },
                    each { Sent(OrderPaid(orderID: $0), queue: "inventory") },
                    each { Sent(PaymentRefunded(orderID: $0, refundID: "re", amount: 0, currency: "usd", amountRefunded: 0)) },
                    each { Sent(PaymentDisputed(orderID: $0, disputeID: "dp", status: .won, amount: 1, currency: "usd")) },
                    each { Sent(CancelOrder(orderID: $0), by: other) }, each { Sent(CancelOrder(orderID: $0), by: user) },
                    each { Sent(ReleaseStock(orderID: $0, reason: "cancelled")) },
                    each { Sent(PaymentSucceeded(orderID: $0, paymentIntentID: "pi", amount: total, currency: "usd")) },
                    products.prefix(size).map { Sent(AdjustStock(productID: $0, delta: 1, reason: "delivery")) },
                    products.prefix(size).map { Sent(UpdateProduct(productID: $0, name: "Renamed")) },
                    products.prefix(size).map { Sent(SetCartItem(userID: user, productID: $0, quantity: 1), by: user) },
                    [Sent(CheckoutCart(userID: user, shippingAddress: Bench.address), by: user)],
                    [Sent(ClearCart(userID: user), by: user)],
                ] {
                    for outcome in try await bench.take(batch) { _ = try outcome.reply }
                    // Redelivered, too.
                    _ = try await bench.take(batch)
                }
            }
            await bench.flushStatistics()
            let after = try await self.scans(bench)
            for (table, count) in after { #expect(count == before[table], "\(table) was read from end to end") }
            #expect(after["orders"] != nil)
        }
    }

    /// Sequential scans by table, of the large ones.
    private func scans(_ bench: Bench) async throws -> [String: Int] {
        let rows = try await bench.database.psql("select relname, seq_scan from pg_stat_user_tables where n_live_tup > 10000")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] ?? "", Int($0[1] ?? "") ?? 0) })
    }
}
