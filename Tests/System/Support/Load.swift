import Fixtures
import Synchronization

/// Customers who place orders side by side, each one after the other, and pay each fourth.
final class Load: Sendable {
    private static let customers = 8

    private let system: RunningSystem
    private let count: Int
    private let accepted = Mutex<[Accepted]>([])
    private let paid = Mutex<[String]>([])

    init(_ system: RunningSystem, orders count: Int) {
        self.system = system
        self.count = count
    }

    /// The orders that were accepted so far.
    var orders: [Accepted] { self.accepted.withLock { $0 } }
    /// Those of them that the shop says are paid.
    var paidOrders: [String] { self.paid.withLock { $0 } }

    /// Returns when all orders are accepted and have ended well: a quarter paid, the others awaiting their payment.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<Self.customers { group.addTask { try await self.buy(stride(from: first, to: self.count, by: Self.customers)) } }
            try await group.waitForAll()
        }
        for order in self.orders {
            let operation = try await self.system.frontend.ended(order, by: self.system.staff)
            guard operation.status == "succeeded" else { throw FixtureError("order \(order.resource.id): \(operation)") }
        }
    }

    /// What one customer does: all orders first, so that they meet in the queues, then the payments.
    private func buy(_ numbers: StrideTo<Int>) async throws {
        var toPay: [(order: Accepted, customer: String)] = []
        for number in numbers {
            let customer = self.system.customers[number % self.system.customers.count]
            let order = try await self.system.place(try self.system.lines(), by: customer)
            self.accepted.withLock { $0.append(order) }
            if number.isMultiple(of: 4) { toPay.append((order, customer)) }
        }
        for (order, customer) in toPay {
            try await self.system.frontend.pay(order, by: customer)
            self.paid.withLock { $0.append(order.resource.id) }
        }
    }
}
