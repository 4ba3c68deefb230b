import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Orders

/// Cancelling, shipping, completing.
@Suite struct CourseTests {
    @Test(arguments: OrderStatus.allCases)
    func `cancelling has the right effects in each state`(_ status: OrderStatus) async throws {
        try await withBench { bench in
            let order = try await bench.order(status)
            let before = try await bench.state(of: order)
            let command = Sent(CancelOrder(orderID: order, reason: "Ordered by mistake."))
            let reply = try await bench.handle(command)
            switch status {
            case .pending: #expect(reply.emitted == ["order.cancelled", "inventory.release"])
            case .awaitingPayment: #expect(reply.emitted == ["order.cancelled", "inventory.release", "payments.cancel_intent"])
            case .paid:
                #expect(reply.emitted == ["order.cancelled", "inventory.release", "payments.refund"])
                let refund = reply.first(RefundPayment.self)
                #expect(refund?.amount == nil, "all that is left")
                #expect(refund?.reason == "requested_by_customer")
            case .shipped, .completed, .rejected, .cancelled, .expired:
                #expect(reply.problem?.code == .notCancellable)
                #expect(reply.emits.isEmpty)
                #expect(try await bench.state(of: order) == before)
                #expect(try await bench.timeline(of: order).last?.hasPrefix("order.cancelled") == (status == .cancelled))
                #expect(try await bench.operation(command.id) == "rejected")
                return
            }
            #expect(reply.first(ReleaseStock.self)?.round == nil)
            #expect(try await bench.state(of: order).status == .cancelled)
            #expect(try await bench.timeline(of: order).last == "order.cancelled cancelled")
            #expect(try await bench.operation(command.id) == "succeeded")
            // All reserved stock is released.
            try await bench.handle(try #require(reply.first(ReleaseStock.self)))
            #expect(try await bench.reservation(of: order) == "released")
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `the second of two cancellations in a batch is refused`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            let replies = try await bench.take([Sent(CancelOrder(orderID: order)), Sent(CancelOrder(orderID: order))]).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .notCancellable])
        }
    }

    @Test func `only the owner and the staff can cancel an order, and others do not find it`() async throws {
        try await withBench { bench in
            let (owner, stranger) = (try await bench.user(), try await bench.user())
            let (staff, former) = (try await bench.user(isSuperuser: true), try await bench.user(isActive: false, isSuperuser: true))
            let order = try await bench.order(.awaitingPayment, by: owner)
            for actor in [stranger, former, .new()] {
                let problem = try await bench.handle(Sent(CancelOrder(orderID: order), by: actor)).problem
                #expect(problem?.code == .notFound)
            }
            #expect(try await bench.state(of: order).status == .awaitingPayment)
            #expect(try await bench.handle(Sent(CancelOrder(orderID: order), by: owner)).problem == nil)
            let other = try await bench.order(.awaitingPayment, by: owner)
            #expect(try await bench.handle(Sent(CancelOrder(orderID: other), by: staff)).problem == nil)
        }
    }

    @Test(arguments: OrderStatus.allCases)
    func `only paid orders can be shipped, only shipped ones completed`(_ status: OrderStatus) async throws {
        try await withBench { bench in
            let order = try await bench.order(status)
            let ship = try await bench.handle(ShipOrder(orderID: order, carrier: "Royal Mail", trackingNumber: "AB1"))
            if status == .paid {
                #expect(ship.emitted == ["order.shipped"])
                #expect(try await bench.database.value("select carrier || ' ' || tracking_number from orders") == "Royal Mail AB1")
            } else {
                #expect(ship.problem?.code == .notShippable)
            }
            let complete = try await bench.handle(CompleteOrder(orderID: order))
            if [.paid, .shipped].contains(status) {
                #expect(complete.emitted == ["order.completed"])
                #expect(try await bench.state(of: order).status == .completed)
            } else {
                #expect(complete.problem?.code == .notCompletable)
                #expect(try await bench.state(of: order).status == status)
            }
            #expect(try await bench.handle(CancelOrder(orderID: .new())).problem?.code == .notFound)
        }
    }

    @Test func `a refunded order is not shipped`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.paid)
            try await bench.owner.query("update orders set payment_status = 'refunded', amount_refunded = total_amount where id = $1", order)
            #expect(try await bench.handle(ShipOrder(orderID: order)).problem?.code == .notShippable)
            // It can still be cancelled, without a refund.
            #expect(try await bench.handle(CancelOrder(orderID: order)).emitted == ["order.cancelled", "inventory.release"])
        }
    }
}
