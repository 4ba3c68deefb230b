import Conveyor
import Fixtures
import Logging
import Postgres
import RabbitMQ
import Shop
import Testing

/// Orders through the executables of orders-worker and inventory-worker, which are killed again and again.
@Suite struct SagaTests {
    private static let workers = ["orders-worker", "inventory-worker"]
    private static let waves = 8
    private static let ordersOfWave = 25

    @Test(.timeLimit(.minutes(5)))
    func `200 orders all end, though each worker is killed during every other wave of them`() async throws {
        try await withShop(Self.workers) { shop in
            // A copy of every published message.
            try await shop.host.declareQueue("seen")
            for exchange in ["commands", "events"] { try await shop.host.bind("seen", to: exchange, routingKey: "#") }
            let user = ID.new()
            try await shop.pool.query("insert into users (id, email, password_hash) values ($1, 'ada@example.com', '!')", user)
            let (plenty, scarce) = (try await self.product(stock: 1000, shop), try await self.product(stock: 60, shop))

            var orders: [ID] = []
            for wave in 0..<Self.waves {
                let before = try await self.handled(shop)
                for index in 0..<Self.ordersOfWave {
                    var lines = [OrderLine(productID: plenty, quantity: 2)]
                    if index.isMultiple(of: 2) { lines.append(OrderLine(productID: scarce, quantity: 1)) }
                    // As an ingress places them, and as an older one did.
                    let order = PlaceOrder(userID: user, items: lines, shippingAddress: Bench.address)
                    orders.append(
                        try await index % 4 < 3 ? shop.send(ReserveStock(order: order), by: user.description) : shop.send(order, by: user.description)
                    )
                }
                try await eventually("the wave to be under way", within: .seconds(60)) { try await self.handled(shop) > before }
                try await shop.kill(Self.workers[wave % 2])
                try await shop.start(Self.workers[wave % 2])
            }

            try await eventually("all orders to end", within: .seconds(120)) {
                try await self.count("select count(*) from orders where status <> 'pending'", shop) == orders.count
            }
            // 8 waves of 13 ordered the scarce product.
            #expect(
                try await self.count("select count(*) from orders where status = 'rejected' and rejection ->> 'code' = 'out_of_stock'", shop) == 44)
            #expect(try await self.count("select count(*) from orders where status = 'awaiting_payment'", shop) == 156)
            #expect(try await self.count("select stock_quantity::bigint from products where unit_amount = 1000", shop) == 1000 - 2 * 156)
            #expect(try await self.count("select stock_quantity::bigint from products where unit_amount = 60", shop) == 0)
            #expect(try await Books.imbalances(in: shop.pool) == [])
            for order in orders { _ = try await shop.ended(order) }
            #expect(
                try await self.count("select count(*) from (select from order_events group by order_id, type having count(*) > 1) twice", shop) == 0,
                "nothing took effect twice")
            try await self.checkEmitted(shop)
        }
    }

    /// Every published message is in the inbox, under the ids derived from it.
    private func checkEmitted(_ shop: TestShop) async throws {
        var expected: Set<ID> = []
        for row in try await shop.pool.query("select message_id, coalesce(json_array_length(emitted), 0) from inbox") {
            let id = try row[0, as: ID.self]
            expected.insert(id)
            for position in 0..<Int(try row[1, as: Int32.self]) { expected.insert(id.derived(String(position))) }
        }
        let consumer = Consumer(
            configuration: try BrokerConfiguration(urls: shop.host.amqpURL, connectionName: "tests"), queue: .named("seen"), prefetch: 1000,
            logger: .silent)
        let running = Task { try await consumer.run() }
        defer { running.cancel() }
        var bodies: [ID: [UInt8]] = [:]
        for await batch in consumer.batches {
            for delivery in batch where delivery.properties.type != OperationFinished.type {
                let id = try #require(delivery.properties.messageID.flatMap { ID($0) })
                #expect(bodies[id] ?? delivery.body == delivery.body, "\(id) was published with two bodies")
                bodies[id] = delivery.body
            }
            await consumer.acknowledge(batch.map(\.deliveryTag), epoch: batch.first?.epoch ?? 0)
            if expected.isSubset(of: bodies.keys) { break }
        }
        #expect(Set(bodies.keys) == expected)
    }

    private func product(stock: Int, _ shop: TestShop) async throws -> ID {
        let product = try await shop.send(CreateProduct(sku: "SKU-\(stock)", name: "Product", unitAmount: Int64(stock), stockQuantity: stock))
        #expect(try await shop.ended(product).outcome == "succeeded")
        return product
    }

    private func handled(_ shop: TestShop) async throws -> Int { try await self.count("select count(*) from inbox", shop) }

    private func count(_ sql: Statement, _ shop: TestShop) async throws -> Int {
        Int(try #require(try await shop.pool.query(sql).decode(Int64.self).first))
    }
}
