import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Conveyor
@testable import Orders

/// Orders that the inventory decides before they are written.
@Suite struct InventoryFirstTests {
    /// An ingress' message that places an order.
    private func place(_ lines: [OrderLine], by user: ID, id: ID = .new()) -> Sent {
        Sent(
            ReserveStock(order: PlaceOrder(userID: user, items: lines, shippingAddress: Bench.address, billingAddress: Bench.address)), id: id,
            by: user)
    }

    /// The first message that a handled one emitted, as it lies in orders-worker's queue.
    private func answer(to message: Sent, _ reply: Reply) throws -> Sent {
        Sent(try #require(reply.emits.first), emittedBy: message.envelope, at: 0, sentAt: Clock.milliseconds(), queue: "orders")
    }

    @Test func `the inventory prices and reserves an order, which is written when it awaits its payment`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let (a, b) = (try await bench.product(stock: 5, unitAmount: 1999, threshold: 0), try await bench.product(unitAmount: 250))
            let lines = [OrderLine(productID: a, quantity: 3), OrderLine(productID: b, quantity: 1)]
            let message = self.place(lines, by: user)
            let reply = try await bench.handle(message)

            #expect(reply.emitted == ["stock.reserved"])
            #expect(reply.first(StockReserved.self)?.orderID == message.id)
            #expect(reply.first(StockReserved.self)?.order?.totalAmount == 6247)
            #expect(try await bench.reservation(of: message.id) == "held")
            #expect(try await bench.stock(a) == 2)
            #expect(try await bench.operation(message.id) == nil, "it goes on until the order is written")
            #expect(try await bench.count("select count(*) from orders") == 0)

            // The price at the time of the reservation counts, whatever it is when the order is written.
            try await bench.handle(UpdateProduct(productID: a, name: "Renamed", unitAmount: 1))
            let written = try await bench.handle(try self.answer(to: message, reply))
            #expect(written.emitted == ["order.placed", "order.awaiting_payment"])
            let state = try await bench.state(of: message.id)
            #expect(state.status == .awaitingPayment && state.paymentStatus == .unpaid && state.total == 6247 && state.currency == "usd")
            #expect(state.isDue == false)
            #expect(try await bench.lines(of: message.id) == lines.sorted { $0.productID < $1.productID })
            #expect(try await bench.timeline(of: message.id) == ["order.placed pending", "order.awaiting_payment awaiting_payment"])
            #expect(
                try await bench.database.psql(
                    "select message_id, causation_id, actor from order_events where order_id = '\(message.id)' order by id")
                    == [["\(message.id)", nil, "\(user)"], ["\(message.id.derived("0"))", "\(message.id)", "\(user)"]])
            let due = try #require(written.first(OrderAwaitingPayment.self)?.paymentDueAt)
            #expect(
                try await bench.database.value("select detail ->> 'payment_due_at' from order_events where type = 'order.awaiting_payment'") == due)
            #expect(
                try await bench.count(
                    """
                    select count(*) from orders o join payment_deadlines d on d.order_id = o.id and d.due_at = o.payment_due_at
                    where o.payment_due_at = o.created_at + interval '1800 seconds'
                    """) == 1)
            #expect(try await bench.count("select count(*) from orders where billing_address ->> 'city' = 'London'") == 1)
            #expect(try await bench.operation(message.id) == "succeeded")
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a free order is paid as soon as its stock is reserved, and sold`() async throws {
        try await withBench { bench in
            let (user, product) = (try await bench.user(), try await bench.product(stock: 5, unitAmount: 0))
            let message = self.place([OrderLine(productID: product, quantity: 2)], by: user)
            let reply = try await bench.handle(message)
            let written = try await bench.handle(try self.answer(to: message, reply))
            #expect(written.emitted == ["order.placed", "order.paid"])
            var state = try await bench.state(of: message.id)
            #expect(state.status == .paid && state.paymentStatus == .paid && state.total == 0 && state.isDue == nil)
            #expect(try await bench.timeline(of: message.id) == ["order.placed pending", "order.paid paid"])
            #expect(try await bench.count("select count(*) from payment_deadlines") == 0)
            #expect(try await bench.operation(message.id) == "succeeded")
            try await bench.handle(Sent(OrderPaid(orderID: message.id), queue: "inventory"))
            #expect(try await bench.reservation(of: message.id) == "sold")
            // There is no payment to refund.
            #expect(try await bench.handle(CancelOrder(orderID: message.id)).emitted == ["order.cancelled", "inventory.release"])
            state = try await bench.state(of: message.id)
            #expect(state.status == .cancelled && state.refunded == 0)

            // The way through a cart has the same result.
            let longer = try await bench.placed(by: user, [OrderLine(productID: product, quantity: 1)])
            try await bench.handle(ReserveStock(orderID: longer, lines: try await bench.lines(of: longer)))
            #expect(try await bench.handle(StockReserved(orderID: longer)).emitted == ["order.paid"])
            state = try await bench.state(of: longer)
            #expect(state.status == .paid && state.paymentStatus == .paid && state.isDue == nil)
            #expect(try await bench.handle(StockReserved(orderID: longer)).emits.isEmpty)
        }
    }

    @Test func `an order without stock is written as rejected, with the missing lines`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let (few, plenty) = (try await bench.product(stock: 1), try await bench.product())
            let message = self.place([OrderLine(productID: few, quantity: 2), OrderLine(productID: plenty, quantity: 1)], by: user)
            let reply = try await bench.handle(message)
            #expect(reply.emitted == ["stock.refused"])
            #expect(try await bench.reservation(of: message.id) == "refused")
            #expect(try await bench.operation(message.id) == nil)

            let written = try await bench.handle(try self.answer(to: message, reply))
            let problem = Problem(
                .outOfStock, "Some products are out of stock.", lines: [.init(productID: few, requested: 2, available: 1)])
            #expect(written.problem == problem)
            #expect(written.emitted == ["order.placed", "order.rejected"])
            let state = try await bench.state(of: message.id)
            #expect(state.status == .rejected && state.rejection == problem && state.isDue == nil)
            #expect(try await bench.timeline(of: message.id) == ["order.placed pending", "order.rejected rejected"])
            #expect(try await bench.operation(message.id) == "rejected")
            #expect(try await bench.count("select count(*) from payment_deadlines") == 0)
            #expect(try await bench.stock(plenty) == 100)
        }
    }

    @Test func `the inventory rejects unsold products and inactive accounts, and no order exists`() async throws {
        try await withBench { bench in
            let (active, inactive) = (try await bench.user(), try await bench.user(isActive: false))
            let (product, archived, euros) = (
                try await bench.product(), try await bench.product(isActive: false), try await bench.product(currency: "eur")
            )
            let unknown = ID.new()
            func place(_ user: ID, _ products: ID...) -> Sent { self.place(products.map { OrderLine(productID: $0, quantity: 2) }, by: user) }
            let batch = [
                place(active, product), place(inactive, product), place(.new(), product), place(active, product, unknown),
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
            for (message, reply) in zip(batch, replies) {
                #expect(reply.problem == nil || reply.emits.isEmpty)
                #expect(try await bench.operation(message.id) == (reply.problem == nil ? nil : "rejected"))
                #expect(try await bench.reservation(of: message.id) == (reply.problem == nil ? "held" : "refused"))
            }
            #expect(try await bench.stock(product) == 98, "only the first order holds of it")
            #expect(try await bench.count("select count(*) from orders") == 0)
        }
    }

    @Test(arguments: [(0, 1), (101, 1), (1, 0), (1, -1), (1, 1001), (1, Int.max), (2, Int.max)])
    func `a message beyond the limits becomes a dead letter and harms no other`(_ count: Int, _ quantity: Int) async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let product = try await bench.product()
            let bad = self.place((0..<count).map { _ in OrderLine(productID: product, quantity: quantity) }, by: user)
            let good = self.place([OrderLine(productID: product, quantity: 1)], by: user)
            let outcomes = try await bench.take([bad, good])
            guard case .dead(.invalidPayload, _) = outcomes[0] else {
                Issue.record("\(outcomes[0])")
                return
            }
            #expect(try outcomes[1].reply.emitted == ["stock.reserved"])
        }
    }

    @Test func `many orders of a batch are written together, each with its own data`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let products = [try await bench.product(stock: 1000, unitAmount: 1), try await bench.product(stock: 1000, unitAmount: 100)]
            let batch = (1...40).map { count in self.place(products.map { OrderLine(productID: $0, quantity: count) }, by: user) }
            let replies = try await bench.take(batch).map { try $0.reply }
            let answers = try zip(batch, replies).map { try self.answer(to: $0, $1) }
            #expect(try await bench.take(answers.filter { $0.type == StockReserved.type }).count == 40)
            for (index, message) in batch.enumerated() {
                #expect(try await bench.state(of: message.id).total == Int64(101 * (index + 1)))
                #expect(try await bench.lines(of: message.id).map(\.quantity) == [index + 1, index + 1])
                #expect(try await bench.timeline(of: message.id).count == 2)
            }
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `the answer to an existing order changes nothing, alone or among others`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let lines = [OrderLine(productID: try await bench.product(), quantity: 1)]
            let (first, second) = (self.place(lines, by: user), self.place(lines, by: user))
            let answers = try await bench.take([first, second]).enumerated().map { index, outcome in
                try self.answer(to: [first, second][index], outcome.reply)
            }
            try await bench.handle(answers[0])
            try await bench.handle(CancelOrder(orderID: first.id))
            // As from the inventory once more, when the inbox has lost the first.
            let again = Sent(answers[0].payload)
            let replies = try await bench.take([again, answers[1]]).map { try $0.reply }
            #expect(replies[0].emitted == ["inventory.release"])
            #expect(try await bench.state(of: first.id).status == .cancelled)
            #expect(try await bench.state(of: second.id).status == .awaitingPayment)
            #expect(try await bench.timeline(of: first.id).last == "stock.reserved cancelled ?")
            #expect(try await bench.lines(of: first.id) == lines)
        }
    }

    /// A client repeats its request while the ingresses are being upgraded: both versions of the command are queued under one id.
    @Test(arguments: 0..<24 as Range<UInt64>)
    func `both versions of the command make one order, reserved once, in any order of the messages`(_ seed: UInt64) async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let (plenty, scarce) = (try await bench.product(stock: 1000, unitAmount: 7), try await bench.product(stock: 5, threshold: 0))
            var messages: [Sent] = []
            var twice: [ID] = []
            for index in 0..<16 {
                let lines = [OrderLine(productID: plenty, quantity: 2)] + (index.isMultiple(of: 2) ? [OrderLine(productID: scarce, quantity: 1)] : [])
                let order = PlaceOrder(userID: user, items: lines, shippingAddress: Bench.address)
                let id = ID.new()
                twice.append(id)
                if index % 4 != 3 { messages.append(Sent(ReserveStock(order: order), id: id, by: user)) }
                if index % 4 != 2 { messages.append(Sent(order, id: id, by: user)) }
            }
            var simulation = Simulation(bench, seed: seed)
            try await simulation.run(messages)
            #expect(simulation.dead == [])
            #expect(try await bench.count("select count(*) from orders") == 16)
            #expect(try await bench.count("select count(*) from orders where status = 'awaiting_payment'") == 13)
            #expect(try await bench.count("select count(*) from orders where status = 'rejected'") == 3)
            #expect(try await bench.stock(plenty) == 1000 - 2 * 13)
            #expect(try await bench.stock(scarce) == 0)
            for order in twice {
                let state = try await bench.state(of: order)
                #expect(try await bench.operation(order) == (state.status == .awaitingPayment ? "succeeded" : "rejected"))
                #expect(try await bench.timeline(of: order).filter { $0.hasPrefix("order.") }.count == 2, "nothing took effect twice")
            }
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `only messages that an older worker cannot decode have a newer version`() throws {
        let order = PlaceOrder(userID: .new(), items: [OrderLine(productID: .new(), quantity: 1)], shippingAddress: Bench.address)
        #expect(ReserveStock(order: order).version == 2)
        #expect(ReserveStock(orderID: .new(), lines: order.items).version == 1)
        #expect(StockReserved(orderID: .new()).version == 1)
        let problem = Problem(.outOfStock, "")
        #expect(StockRefused(orderID: .new(), problem: problem).version == 1)
        let priced = try PricedOrder(by: order.userID, order.items, shippingAddress: order.shippingAddress, billingAddress: nil) { _ in
            Offer(unitAmount: 1, currency: "usd", isActive: true, sku: "", name: "")
        }
        #expect(StockReserved(orderID: .new(), order: priced).version == 2)
        #expect(StockRefused(orderID: .new(), problem: problem, order: priced).version == 2)
    }
}
