import Fixtures
import Synchronization

/// Customers who place orders side by side, each one after the other, change their name, and pay some of the orders.
final class Load: Sendable {
    private static let customers = 12
    /// One of this number of orders is paid.
    private static let paidShare = 8

    private let system: RunningSystem
    private let count: Int
    private let accepted = Mutex<[Accepted]>([])

    init(_ system: RunningSystem, orders count: Int) {
        self.system = system
        self.count = count
    }

    /// The accepted orders so far.
    var orders: [Accepted] { self.accepted.withLock { $0 } }

    /// Returns when all orders are accepted and final: some paid, the others awaiting their payment.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.customers { group.addTask { try await self.act(as: number) } }
            try await group.waitForAll()
        }
        for order in self.orders {
            let operation = try await self.system.frontend.ended(order, by: self.system.staff)
            guard operation.status == "succeeded" else { throw FixtureError("order \(order.resource.id): \(operation)") }
        }
    }

    /// One customer: first all orders, so that they meet in the queues, then the rest.
    private func act(as number: Int) async throws {
        let customer = self.system.customers[number]
        var toPay: [Accepted] = []
        for order in stride(from: number, to: self.count, by: Self.customers) {
            let accepted = try await self.system.place(try self.system.lines(), by: customer)
            self.accepted.withLock { $0.append(accepted) }
            if order.isMultiple(of: Self.paidShare) { toPay.append(accepted) }
        }
        try await self.system.rename(customer)
        for order in toPay { try await self.system.frontend.pay(order, by: customer) }
    }
}
