import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Conveyor
@testable import Orders

@Suite struct PlaceOrderTests {
    @Test func `an order is written at current prices, and requests its stock`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let (a, b) = (try await bench.product(unitAmount: 1999), try await bench.product(unitAmount: 250))
            let lines = [OrderLine(productID: a, quantity: 3), OrderLine(productID: b, quantity: 1)]
            let message = Sent(
                PlaceOrder(userID: user, items: lines, shippingAddress: Bench.address, billingAddress: Bench.address), by: user)
            let reply = try await bench.handle(message)

            #expect(reply.emitted == ["inventory.reserve", "order.placed"])
            #expect(reply.first(ReserveStock.self)?.lines == lines)
            #expect(reply.first(OrderPlaced.self)?.totalAmount == 6247)
            let state = try await bench.state(of: message.id)
            #expect(state.status == .pending)
            #expect(state.paymentStatus == .unpaid)
            #expect(state.total == 6247)
            #expect(state.currency == "usd")
            #expect(try await bench.lines(of: message.id) == lines.sorted { $0.productID < $1.productID })
            #expect(try await bench.timeline(of: message.id) == ["order.placed pending"])
            #expect(try await bench.operation(message.id) == nil, "it goes on with the stock")
            #expect(try await bench.imbalances() == [])

            // The price at that time stays.
            try await bench.handle(UpdateProduct(productID: a, name: "Renamed", unitAmount: 1))
            #expect(try await bench.state(of: message.id).total == 6247)
            #expect(try await bench.database.value("select min(sku) from order_items where order_id = '\(message.id)'")?.hasPrefix("SKU-") == true)
        }
    }

    @Test func `each order has its own number`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let lines = [OrderLine(productID: try await bench.product(), quantity: 1)]
            for _ in 0..<3 { _ = try await bench.placed(by: user, lines) }
            #expect(try await bench.database.value("select array_agg(number order by created_at) from orders") == "{1001,1002,1003}")
        }
    }

    @Test func `lines of one product are merged`() async throws {
        try await withBench { bench in
            let (a, b) = (try await bench.product(), try await bench.product())
            let order = try await bench.placed([
                OrderLine(productID: a, quantity: 1), OrderLine(productID: b, quantity: 2), OrderLine(productID: a, quantity: 3),
            ])
            #expect(
                try await bench.lines(of: order)
                    == [OrderLine(productID: a, quantity: 4), OrderLine(productID: b, quantity: 2)].sorted { $0.productID < $1.productID })
        }
    }

    @Test func `each order of a batch gets its own answer, and a rejected one leaves no row`() async throws {
        try await withBench { bench in
            let (active, inactive, unknownUser) = (try await bench.user(), try await bench.user(isActive: false), ID.new())
            let (product, archived, euros) = (
                try await bench.product(), try await bench.product(isActive: false), try await bench.product(currency: "eur")
            )
            let unknown = ID.new()
            func place(_ user: ID, _ products: ID...) -> Sent {
                Sent(PlaceOrder(userID: user, items: products.map { OrderLine(productID: $0, quantity: 2) }, shippingAddress: Bench.address))
            }
            let batch = [
                place(active, product), place(inactive, product), place(unknownUser, product), place(active, product, unknown),
                place(active, archived, product), place(active, product, euros), place(active, euros), place(active, unknown, archived),
            ]
            let replies = try await bench.take(batch).map { try $0.reply }

            #expect(
                replies.map { $0.problem?.code } == [
                    nil, .userInactive, .userInactive, .productUnknown, .productUnavailable, .productUnavailable, nil, .productUnknown,
                ])
            #expect(replies[3].problem?.lines == [Problem.Line(productID: unknown, requested: 2, available: 0)])
            #expect(replies[4].problem?.lines == [Problem.Line(productID: archived, requested: 2, available: 0)])
            #expect(replies[5].problem?.lines == [Problem.Line(productID: euros, requested: 2, available: 0)])
            #expect(try await bench.state(of: batch[6].id).currency == "eur")
            #expect(try await bench.count("select count(*) from orders") == 2)
            #expect(try await bench.count("select count(*) from order_items") == 2)
            #expect(try await bench.count("select count(*) from order_events") == 2)
            for (message, reply) in zip(batch, replies) {
                #expect(reply.problem == nil || reply.emits.isEmpty)
                #expect(try await bench.operation(message.id) == (reply.problem == nil ? nil : "rejected"))
            }
        }
    }

    @Test func `an erased account cannot order`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let product = try await bench.product()
            try await bench.handle(EraseAccount(userID: user))
            let reply = try await bench.handle(
                PlaceOrder(userID: user, items: [OrderLine(productID: product, quantity: 1)], shippingAddress: Bench.address))
            #expect(reply.problem?.code == .userInactive)
        }
    }

    @Test(arguments: [(0, 1), (101, 1), (1, 0), (1, -1), (1, 1001)])
    func `a message beyond the limits becomes a dead letter and harms no other`(_ count: Int, _ quantity: Int) async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let product = try await bench.product()
            func place(_ lines: [OrderLine]) -> Sent { Sent(PlaceOrder(userID: user, items: lines, shippingAddress: Bench.address)) }
            let bad = place((0..<count).map { _ in OrderLine(productID: product, quantity: quantity) })
            let good = place([OrderLine(productID: product, quantity: 1)])
            let outcomes = try await bench.take([bad, good])
            guard case .dead(.invalidPayload, let error) = outcomes[0] else {
                Issue.record("\(outcomes[0])")
                return
            }
            // It names the field, the value and the rule.
            #expect(
                error
                    == (1...100 ~= count
                        ? "items[0].quantity is \(quantity), must be between 1 and 1000" : "items is a list of \(count), must have 1 to 100 elements")
            )
            #expect(try outcomes[1].reply.problem == nil)
            #expect(try await bench.count("select count(*) from orders") == 1)
        }
    }

    @Test func `the largest possible order does not overflow`() async throws {
        try await withBench { bench in
            var lines: [OrderLine] = []
            for _ in 0..<100 { lines.append(OrderLine(productID: try await bench.product(unitAmount: 1_000_000_000_000), quantity: 1000)) }
            let order = try await bench.placed(lines)
            #expect(try await bench.state(of: order).total == 100_000_000_000_000_000)
        }
    }

    @Test func `a redelivered order is placed once and emits the same request`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let message = Sent(
                PlaceOrder(userID: user, items: [OrderLine(productID: try await bench.product(), quantity: 1)], shippingAddress: Bench.address))
            let reply = try await bench.handle(message)
            guard case .known(let emitted) = try await bench.take([message])[0] else { throw FixtureError("it was handled twice") }
            #expect(emitted.map(\.type) == reply.emitted)
            #expect(try JSON.decode(ReserveStock.self, from: JSON.encode(emitted[0].payload)).lines == reply.first(ReserveStock.self)?.lines)
            #expect(try await bench.count("select count(*) from orders") == 1)
        }
    }
}
