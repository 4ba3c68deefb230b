import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

@testable import Orders

/// Late, repeated, out of order: in any order of the messages of many orders, the orders and the books end the same.
@Suite struct EventOrderTests {
    /// The messages of an order, and its expected end.
    private struct Story {
        /// The command that places it.
        let place: Sent
        /// The messages after it was placed, in any order.
        var events: [Sent] = []
        /// The messages after all of these.
        var afterwards: [Sent] = []
        let status: OrderStatus
        var paymentStatus = PaymentStatus.unpaid
        var refunded: Int64 = 0
        let reservation: String
    }

    /// Units of each order.
    private static let quantity = 2
    /// In the minor unit.
    private static let unitAmount: Int64 = 500

    private func stories(_ user: ID, _ product: ID, soldOut: ID) -> [Story] {
        func place(_ product: ID) -> Sent {
            Sent(
                PlaceOrder(userID: user, items: [OrderLine(productID: product, quantity: Self.quantity)], shippingAddress: Bench.address), by: user)
        }
        let total = Self.unitAmount * Int64(Self.quantity)
        /// The same event as two messages.
        func twice(_ payload: any Message) -> [Sent] { [Sent(payload), Sent(payload)] }
        func intent(_ order: ID) -> String { "pi_\(order)" }
        func paid(_ order: ID) -> [Sent] {
            twice(PaymentSucceeded(orderID: order, paymentIntentID: intent(order), amount: total, currency: "usd"))
                + twice(PaymentIntentCreated(orderID: order, paymentIntentID: intent(order), amount: total, currency: "usd"))
        }
        func noise(_ order: ID) -> [Sent] {
            twice(PaymentProcessing(orderID: order, paymentIntentID: intent(order)))
                + twice(PaymentFailed(orderID: order, paymentIntentID: intent(order), failureCode: "card_declined", attempt: "ch_1"))
        }
        func expire(_ order: ID) -> [Sent] { twice(ExpireOrder(orderID: order, dueAt: "2026-11-23T21:34:05.123Z")) }

        func waiting() -> Story {
            let order = place(product)
            return Story(place: order, events: expire(order.id), status: .awaitingPayment, reservation: "held")
        }
        func declined() -> Story {
            let order = place(product)
            let events = twice(PaymentFailed(orderID: order.id, paymentIntentID: intent(order.id), attempt: "ch_1"))
            // A payment needs an order that awaits it.
            return Story(place: order, afterwards: events, status: .awaitingPayment, paymentStatus: .failed, reservation: "held")
        }
        func bought() -> Story {
            let order = place(product)
            return Story(
                place: order, events: paid(order.id) + noise(order.id) + expire(order.id), status: .paid, paymentStatus: .paid, reservation: "sold")
        }
        func completed() -> Story {
            let order = place(product)
            return Story(
                place: order, events: paid(order.id), afterwards: [Sent(ShipOrder(orderID: order.id))] + paid(order.id) + noise(order.id),
                status: .shipped, paymentStatus: .paid, reservation: "sold")
        }
        func refunded(_ amount: Int64) -> Story {
            let order = place(product)
            let refund = PaymentRefunded(orderID: order.id, refundID: "re_1", amount: amount, currency: "usd", amountRefunded: amount)
            return Story(
                place: order, events: paid(order.id) + twice(refund), status: .paid,
                paymentStatus: amount == total ? .refunded : .partiallyRefunded, refunded: amount, reservation: "sold")
        }
        func rejected() -> Story {
            let order = place(soldOut)
            return Story(place: order, events: expire(order.id), status: .rejected, reservation: "refused")
        }
        func cancelled() -> Story {
            let order = place(product)
            return Story(
                place: order, events: [Sent(CancelOrder(orderID: order.id), by: user), Sent(CancelOrder(orderID: order.id), by: user)],
                status: .cancelled, reservation: "released")
        }
        func expired() -> Story {
            let order = place(product)
            return Story(
                place: order, afterwards: twice(PaymentCanceled(orderID: order.id, reason: .expired)) + expire(order.id), status: .expired,
                reservation: "released")
        }
        return [waiting(), declined(), bought(), completed(), refunded(total), refunded(1), rejected(), cancelled(), expired()]
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `messages in any order and any number lead to the same end`(_ seed: UInt64) async throws {
        try await withBench { bench in
            let (user, received) = (try await bench.user(), 1000)
            let product = try await bench.product(stock: received, unitAmount: Self.unitAmount)
            let soldOut = try await bench.product(stock: Self.quantity - 1, unitAmount: Self.unitAmount)
            let stories = (0..<5).flatMap { _ in self.stories(user, product, soldOut: soldOut) }
            for story in stories where story.refunded > 0 {
                try await bench.owner.query(
                    """
                    insert into refunds (id, order_id, amount, payment_intent_id, refund_id, currency, status, actor)
                    values (gen_random_uuid(), $1, $2, 'pi', $3, 'usd', 'succeeded', 'stripe')
                    """, story.place.id, story.refunded, "re_\(story.place.id)")
            }
            var simulation = Simulation(
                bench, seed: seed, unlocked: Dictionary(uniqueKeysWithValues: stories.map { ($0.place.id, $0.events) }))
            try await simulation.run(stories.map(\.place))
            try await simulation.run(stories.flatMap(\.afterwards))

            #expect(simulation.dead == [])
            for story in stories {
                let state = try await bench.state(of: story.place.id)
                let timeline = try await bench.timeline(of: story.place.id)
                #expect(state.status == story.status, "\(timeline)")
                #expect(state.paymentStatus == story.paymentStatus, "\(timeline)")
                #expect(state.refunded == story.refunded)
                #expect(try await bench.reservation(of: story.place.id) == story.reservation)
                #expect(try await bench.operation(story.place.id) == (story.status == .rejected ? "rejected" : "succeeded"))
            }
            let kept = stories.filter { ["held", "sold"].contains($0.reservation) }.count
            #expect(try await bench.stock(product) == received - kept * Self.quantity)
            #expect(try await bench.imbalances() == [])
            // No state is entered twice, and the timeline ends with the order's state.
            #expect(
                try await bench.count(
                    """
                    select count(*) from orders o
                    where o.status is distinct from (select status from order_events e where e.order_id = o.id order by e.id desc limit 1)
                    """) == 0)
            #expect(
                try await bench.count(
                    """
                    select count(*) from (
                        select from (select order_id, status, lag(status) over (partition by order_id order by id) as before from order_events) e
                        where status is distinct from before group by order_id, status having count(*) > 1
                    ) twice
                    """) == 0)
            // Each change is emitted once.
            let told = simulation.outside.filter { $0.type.hasPrefix("order.") }.map { "\($0.type) \($0.envelope.correlationID)" }
            #expect(told.count == Set(told).count)
            #expect(!told.isEmpty)
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `late payments and their effects, in any order`(_ seed: UInt64) async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let product = try await bench.product(stock: 20, unitAmount: Self.unitAmount)
            let last = try await bench.product(stock: 2, unitAmount: Self.unitAmount)
            let total = Self.unitAmount * Int64(Self.quantity)
            func givenUp(_ status: OrderStatus, _ product: ID) async throws -> ID {
                try await bench.order(status, by: user, [OrderLine(productID: product, quantity: Self.quantity)])
            }
            var revived: [ID] = []
            for status in [OrderStatus.cancelled, .expired, .cancelled, .expired] { revived.append(try await givenUp(status, product)) }
            let lost = try await givenUp(.expired, last)
            _ = try await bench.order(.paid, [OrderLine(productID: last, quantity: 1)])

            var simulation = Simulation(bench, seed: seed)
            try await simulation.run(
                (revived + [lost]).flatMap { order in
                    (0..<3).map { _ in
                        Sent(PaymentSucceeded(orderID: order, paymentIntentID: "pi_\(order)", amount: total, currency: "usd"))
                    } + [
                        // Late messages of the first round.
                        Sent(ReleaseStock(orderID: order, reason: "expired")), Sent(PaymentCanceled(orderID: order, reason: .expired)),
                    ]
                })
            #expect(simulation.dead == [])
            for order in revived {
                #expect(try await bench.state(of: order).status == .paid)
                #expect(try await bench.reservation(of: order) == "sold")
            }
            #expect(try await bench.state(of: lost).status == .expired)
            #expect(simulation.outside.filter { $0.type == "payments.refund" }.count == 1)
            #expect(try await bench.stock(product) == 20 - 4 * Self.quantity)
            #expect(try await bench.stock(last) == 1)
            #expect(try await bench.imbalances() == [])
        }
    }
}
