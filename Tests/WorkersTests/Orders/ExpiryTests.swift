import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Conveyor
@testable import Orders

/// The end of an unpaid order, and events that may come in between.
@Suite struct ExpiryTests {
    private func expire(_ order: ID) -> Sent { Sent(ExpireOrder(orderID: order, dueAt: "2026-11-23T21:34:05.123Z")) }

    @Test func `an order expires when no payment can come any more, and its stock is released`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            try await bench.passDeadline(of: order)
            let asked = try await bench.handle(self.expire(order))
            #expect(asked.emitted == ["payments.cancel_intent"])
            #expect(try await bench.state(of: order).status == .awaitingPayment, "a payment may still win")

            let expired = try await bench.handle(PaymentCanceled(orderID: order, reason: .expired))
            #expect(expired.emitted == ["order.expired", "inventory.release"])
            #expect(try await bench.state(of: order).status == .expired)
            try await bench.handle(try #require(expired.first(ReleaseStock.self)))
            #expect(try await bench.reservation(of: order) == "released")
            #expect(try await bench.imbalances() == [])
            #expect(
                try await bench.timeline(of: order).suffix(2) == ["orders.expire awaiting_payment", "order.expired expired"])
        }
    }

    @Test func `a payment that wins the race keeps the order`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            try await bench.passDeadline(of: order)
            try await bench.handle(self.expire(order))
            #expect(try await bench.handle(try await bench.payment(of: order)).emitted == ["order.paid"])
            // Messages that were on their way change nothing.
            #expect(try await bench.handle(PaymentCanceled(orderID: order, reason: .expired)).emits.isEmpty)
            #expect(try await bench.handle(self.expire(order)).emits.isEmpty)
            let state = try await bench.state(of: order)
            #expect(state.status == .paid)
            #expect(state.paymentStatus == .paid)
            #expect(try await bench.timeline(of: order).suffix(2) == ["payment.canceled paid ?", "orders.expire paid ?"])
        }
    }

    @Test func `a deadline that was moved does not expire the order`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            #expect(try await bench.handle(self.expire(order)).emits.isEmpty)
            #expect(try await bench.timeline(of: order).last == "orders.expire awaiting_payment ?")
        }
    }

    @Test(arguments: OrderStatus.allCases.filter { $0 != .awaitingPayment })
    func `only orders that await their payment expire`(_ status: OrderStatus) async throws {
        try await withBench { bench in
            let order = try await bench.order(status)
            let before = try await bench.state(of: order)
            #expect(try await bench.handle(self.expire(order)).emits.isEmpty)
            #expect(try await bench.handle(PaymentCanceled(orderID: order, reason: .expired)).emits.isEmpty)
            #expect(try await bench.state(of: order) == before)
        }
    }

    @Test func `a payment at the bank is awaited, and its status requested`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            try await bench.handle(PaymentProcessing(orderID: order, paymentIntentID: "pi_1"))
            try await bench.passDeadline(of: order)
            #expect(try await bench.handle(self.expire(order)).emitted == ["payments.reconcile"])
            let state = try await bench.state(of: order)
            #expect(state.status == .awaitingPayment)
            #expect(state.isDue == false)
            #expect(
                try await bench.count(
                    "select count(*) from payment_deadlines d join orders o on o.id = d.order_id and o.payment_due_at = d.due_at") == 1)
            // It fails in the end, without another attempt.
            try await bench.handle(PaymentFailed(orderID: order, paymentIntentID: "pi_1", attempt: "ch_1"))
            try await bench.passDeadline(of: order)
            #expect(try await bench.handle(self.expire(order)).emitted == ["payments.cancel_intent"])
            try await bench.handle(PaymentCanceled(orderID: order, paymentIntentID: "pi_1", reason: .expired))
            #expect(try await bench.state(of: order).status == .expired)
        }
    }

    @Test func `a PaymentIntent cancelled for another reason leaves the order waiting`() async throws {
        try await withBench { bench in
            let order = try await bench.order(.awaitingPayment)
            #expect(try await bench.handle(PaymentCanceled(orderID: order, paymentIntentID: "pi_1", reason: .stripe)).emits.isEmpty)
            #expect(try await bench.state(of: order).status == .awaitingPayment)
        }
    }

    @Test(arguments: [(OrderStatus.expired, CancellationReason.expired), (.cancelled, .cancelled), (.rejected, .cancelled)])
    func `a PaymentIntent created while its order is cancelled is cancelled too`(_ status: OrderStatus, _ reason: CancellationReason) async throws {
        try await withBench { bench in
            let order = try await bench.order(status)
            let told = try await bench.handle(PaymentIntentCreated(orderID: order, paymentIntentID: "pi_1", amount: 2000, currency: "usd"))
            #expect(told.emitted == ["payments.cancel_intent"])
            #expect(told.first(CancelIntent.self)?.reason == reason)
            #expect(try await bench.state(of: order).status == status)
        }
    }

    @Test(arguments: [OrderStatus.cancelled, .expired, .rejected])
    func `a late payment reserves the stock again, if there is any left`(_ status: OrderStatus) async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 2)
            let order = try await bench.order(status, [OrderLine(productID: product, quantity: 2)])
            let asked = try await bench.handle(try await bench.payment(of: order))
            let reserve = try #require(asked.first(ReserveStock.self))
            #expect(asked.emitted == ["inventory.reserve"])
            #expect(reserve.round == 2)
            #expect(reserve.lines == [OrderLine(productID: product, quantity: 2)])
            #expect(try await bench.state(of: order).revival == "asked")

            let answer = try await bench.handle(reserve)
            let paid = try await bench.handle(try #require(answer.first(StockReserved.self)))
            #expect(paid.emitted == ["order.paid"])
            let state = try await bench.state(of: order)
            #expect(state.status == .paid)
            #expect(state.paymentStatus == .paid)
            #expect(try await bench.stock(product) == 0)
            // The release of the first reservation may still be on its way.
            try await bench.handle(ReleaseStock(orderID: order, reason: status.rawValue))
            #expect(try await bench.stock(product) == 0)
            #expect(try await bench.imbalances() == [])

            // It can be cancelled like any other: the stock is released, the payment refunded.
            let cancelled = try await bench.handle(CancelOrder(orderID: order))
            #expect(cancelled.emitted == ["order.cancelled", "inventory.release", "payments.refund"])
            try await bench.handle(try #require(cancelled.first(ReleaseStock.self)))
            #expect(try await bench.stock(product) == 2)
            // And it is not revived a second time.
            #expect(try await bench.handle(try await bench.payment(of: order)).emits.isEmpty)
            #expect(try await bench.handle(StockReserved(orderID: order, round: 2)).emitted == [])
            #expect(try await bench.state(of: order).status == .cancelled)
        }
    }

    @Test func `a late payment for sold-out products is refunded`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 2)
            let order = try await bench.order(.expired, [OrderLine(productID: product, quantity: 2)])
            _ = try await bench.order(.paid, [OrderLine(productID: product, quantity: 1)])
            let reserve = try #require(try await bench.handle(try await bench.payment(of: order)).first(ReserveStock.self))
            let refused = try #require(try await bench.handle(reserve).first(StockRefused.self))
            #expect(refused.round == 2)
            let refund = try await bench.handle(refused)
            #expect(refund.emitted == ["payments.refund"])
            #expect(refund.first(RefundPayment.self)?.amount == nil)
            let state = try await bench.state(of: order)
            #expect(state.status == .expired)
            #expect(state.revival == "refused")
            #expect(state.rejection == nil)
            // Repeated, it is refunded once.
            #expect(try await bench.handle(refused).emits.isEmpty)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a payment before the inventory's answer waits for it`() async throws {
        try await withBench { bench in
            let order = try await bench.placed()
            let payment = Sent(try await bench.payment(of: order))
            guard case .retried = try await bench.take([payment])[0] else {
                Issue.record("the money of a pending order did not wait")
                return
            }
            try await bench.handle(StockReserved(orderID: order))
            #expect(try await bench.handle(payment).emitted == ["order.paid"])
        }
    }
}
