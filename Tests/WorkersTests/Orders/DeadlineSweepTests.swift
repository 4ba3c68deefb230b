import Conveyor
import Fixtures
import Logging
import Postgres
import RabbitMQ
import Shop
import Synchronization
import Testing

@testable import Orders

@Suite struct DeadlineSweepTests {
    /// The messages of a sweep, and whether the broker confirms them.
    private final class Broker: Sendable {
        private let state = Mutex((published: [Outgoing](), refusals: 0))

        init(refusals: Int = 0) { self.state.withLock { $0.refusals = refusals } }

        var published: [Outgoing] { self.state.withLock { $0.published } }

        @Sendable func publish(_ messages: [Outgoing]) async -> [PublishFailure?] {
            self.state.withLock { state in
                messages.map { message in
                    guard state.refusals == 0 else {
                        state.refusals -= 1
                        return .refused
                    }
                    state.published.append(message)
                    return nil
                }
            }
        }

        var orders: [ID] {
            get throws { try self.published.map { try JSON.decode(ExpireOrder.self, from: $0.body).orderID } }
        }
    }

    private func sweep(_ bench: Bench, _ broker: Broker) throws -> DeadlineSweep {
        DeadlineSweep(pool: try bench.pool(of: "orders"), publish: broker.publish, logger: .silent)
    }

    /// Orders that await their payment, with passed deadlines; no stock, no lines.
    private func overdue(_ count: Int, _ bench: Bench) async throws {
        try await bench.owner.query(
            """
            with o as (
                insert into orders (id, user_id, total_amount, status, currency, shipping_address, payment_due_at)
                select gen_random_uuid(), gen_random_uuid(), 1, 'awaiting_payment', 'usd', '{}', now() - n * interval '1 millisecond'
                from generate_series(1, $1) n returning id, payment_due_at
            )
            insert into payment_deadlines (due_at, order_id) select payment_due_at, id from o
            """, Int32(count))
    }

    @Test func `a passed deadline is sent once and deleted`() async throws {
        try await withBench { bench in
            let broker = Broker()
            let sweep = try self.sweep(bench, broker)
            let (due, waiting, paid) = (
                try await bench.order(.awaitingPayment), try await bench.order(.awaitingPayment), try await bench.order(.paid)
            )
            try await bench.passDeadline(of: due)
            try await bench.passDeadline(of: paid)
            #expect(try await sweep.sweep() == .all)
            #expect(try await sweep.sweep() == .all)

            let message = try #require(broker.published.first)
            #expect(broker.published.count == 1)
            #expect(message.exchange == "commands")
            #expect(message.routingKey == "orders.expire")
            #expect(message.mandatory)
            #expect(try broker.orders == [due])
            #expect(try await bench.database.psql("select order_id from payment_deadlines") == [[waiting.description]])
        }
    }

    @Test func `an extended deadline is sent at its new time only`() async throws {
        try await withBench { bench in
            let broker = Broker()
            let sweep = try self.sweep(bench, broker)
            let order = try await bench.order(.awaitingPayment)
            try await bench.passDeadline(of: order)
            try await bench.handle(PaymentProcessing(orderID: order, paymentIntentID: "pi_1"))
            #expect(try await bench.count("select count(*) from payment_deadlines") == 2)
            #expect(try await sweep.sweep() == .all)
            #expect(broker.published.isEmpty)
            #expect(try await bench.count("select count(*) from payment_deadlines where due_at > now()") == 1)
        }
    }

    @Test func `two simultaneous sweeps drain several batches, each deadline once`() async throws {
        try await withBench { bench in
            let brokers = [Broker(), Broker()]
            try await self.overdue(1234, bench)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for broker in brokers {
                    let sweep = try self.sweep(bench, broker)
                    group.addTask { while try await sweep.sweep() == .full {} }
                }
                try await group.waitForAll()
            }
            // Rows that one sweep had locked are left to the other's next run.
            let last = try self.sweep(bench, brokers[0])
            while try await last.sweep() == .full {}
            let orders = try brokers.flatMap { try $0.orders }
            #expect(orders.count == 1234)
            #expect(Set(orders).count == 1234)
            #expect(try await bench.count("select count(*) from payment_deadlines") == 0)
        }
    }

    @Test func `an unconfirmed deadline stays, and is sent again as the same message`() async throws {
        try await withBench { bench in
            try await self.overdue(3, bench)
            let broker = Broker(refusals: 2)
            let sweep = try self.sweep(bench, broker)
            #expect(try await sweep.sweep() == .unsent)
            #expect(broker.published.count == 1)
            #expect(try await bench.count("select count(*) from payment_deadlines") == 2)
            #expect(try await sweep.sweep() == .all)
            #expect(Set(try broker.orders).count == 3)
            #expect(try await bench.count("select count(*) from payment_deadlines") == 0)
        }
    }

    @Test func `after a crash behind the publishing, the next sweep sends the same id`() async throws {
        try await withBench { bench in
            try await self.overdue(1, bench)
            let (first, second) = (Broker(), Broker())
            struct Died: Error {}
            // The transaction that should delete the deadline never commits.
            let dying = DeadlineSweep(
                pool: try bench.pool(of: "orders"),
                publish: { messages in
                    let failures = await first.publish(messages)
                    try? await bench.database.terminateBackends()
                    return failures
                }, logger: .silent)
            await #expect(throws: (any Error).self) { try await dying.sweep() }
            try await eventually("the next sweep") { (try? await self.sweep(bench, second).sweep()) == .all }
            #expect(first.published.map(\.properties.messageID) == second.published.map(\.properties.messageID))
            #expect(first.published.map(\.properties.headers) == second.published.map(\.properties.headers))
            #expect(try first.orders == second.orders)
        }
    }
}
