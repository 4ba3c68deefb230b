import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Orders

/// `stock.reserved` and `stock.refused`, in the first round and the second.
@Suite struct StockAnswerTests {
    private static let soldOut = Problem(
        .outOfStock, "There is not enough.", lines: [.init(productID: ID(high: 1, low: 1), requested: 2, available: 1)])

    /// The inventory's answer to a placed order.
    private static func answer(_ payload: any Message, to order: ID) -> Sent {
        var sent = Sent(payload)
        sent.envelope.correlationID = order
        return sent
    }

    @Test func `with reserved stock an order awaits its payment until a deadline, and the operation has succeeded`() async throws {
        try await withBench { bench in
            let order = try await bench.placed()
            let reply = try await bench.handle(Self.answer(StockReserved(orderID: order), to: order))
            #expect(reply.emitted == ["order.awaiting_payment"])
            let state = try await bench.state(of: order)
            #expect(state.status == .awaitingPayment)
            #expect(state.isDue == false)
            let due = try #require(reply.first(OrderAwaitingPayment.self)?.paymentDueAt)
            #expect(
                try await bench.count(
                    "select count(*) from orders o join payment_deadlines d on d.order_id = o.id and d.due_at = o.payment_due_at") == 1)
            #expect(
                try await bench.count(
                    """
                    select count(*) from orders
                    where payment_due_at between created_at + interval '1799 seconds' and clock_timestamp() + interval '1800 seconds'
                    """) == 1)
            #expect(
                try await bench.database.value("select detail ->> 'payment_due_at' from order_events where type = 'order.awaiting_payment'") == due)
            #expect(try await bench.operation(order) == "succeeded")
        }
    }

    @Test func `without stock an order and its operation are rejected with the reason`() async throws {
        try await withBench { bench in
            let order = try await bench.placed()
            let reply = try await bench.handle(Self.answer(StockRefused(orderID: order, problem: Self.soldOut), to: order))
            #expect(reply.problem == Self.soldOut)
            #expect(reply.emitted == ["order.rejected"])
            let state = try await bench.state(of: order)
            #expect(state.status == .rejected)
            #expect(state.rejection == Self.soldOut)
            #expect(try await bench.operation(order) == "rejected")
            #expect(try await bench.timeline(of: order) == ["order.placed pending", "order.rejected rejected"])
        }
    }

    @Test func `each order of a batch gets its own answer`() async throws {
        try await withBench { bench in
            var orders: [ID] = []
            for _ in 0..<20 { orders.append(try await bench.placed()) }
            _ = try await bench.take(orders.map { Sent(StockReserved(orderID: $0)) })
            for order in orders { #expect(try await bench.state(of: order).status == .awaitingPayment) }
            #expect(try await bench.count("select count(*) from payment_deadlines") == 20)
        }
    }

    @Test(arguments: OrderStatus.allCases)
    func `a late answer changes no order, and is recorded in the timeline`(_ status: OrderStatus) async throws {
        try await withBench { bench in
            let order = try await bench.order(status)
            guard status != .pending else { return }
            let before = try await bench.state(of: order)
            let reserved = try await bench.handle(StockReserved(orderID: order))
            let refused = try await bench.handle(StockRefused(orderID: order, problem: Self.soldOut))
            #expect(try await bench.state(of: order) == before)
            #expect(
                try await bench.timeline(of: order).suffix(2) == [
                    "stock.reserved \(status.rawValue) ?", "stock.refused \(status.rawValue) ?",
                ])
            // Stock that an order no longer needs is released.
            #expect(reserved.emitted == ([.rejected, .cancelled, .expired].contains(status) ? ["inventory.release"] : []))
            #expect(refused.emits.isEmpty)
            #expect(refused.problem == nil)
        }
    }

    @Test func `an order cancelled before the reservation ends its operation, and the stock is released`() async throws {
        try await withBench { bench in
            let order = try await bench.placed()
            try await bench.handle(CancelOrder(orderID: order))
            let reply = try await bench.handle(Self.answer(StockReserved(orderID: order), to: order))
            #expect(reply.emitted == ["inventory.release"])
            #expect(try await bench.operation(order) == "succeeded")
            #expect(try await bench.state(of: order).status == .cancelled)
        }
    }

    @Test func `the answer to an unknown order becomes a dead letter`() async throws {
        try await withBench { bench in
            let order = try await bench.placed()
            let outcomes = try await bench.take([Sent(StockReserved(orderID: .new())), Sent(StockReserved(orderID: order))])
            guard case .dead(.invalidPayload, _) = outcomes[0] else {
                Issue.record("\(outcomes[0])")
                return
            }
            #expect(try await bench.state(of: order).status == .awaitingPayment)
        }
    }
}
