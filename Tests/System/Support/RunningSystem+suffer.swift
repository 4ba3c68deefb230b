import Fixtures
import Testing

extension RunningSystem {
    /// Orders that are placed during a fault.
    private static let orders = FaultTests.isLong ? 240 : 96

    /// Causes a fault while customers buy, and expects no more than a delay: everything that was accepted ends well, a later order goes all the
    /// way, and the books balance.
    /// - Parameters:
    ///   - prepare: runs before the customers start.
    ///   - fault: runs when a third of the orders is accepted; when it returns the fault is over, without any manual repair.
    func suffer(
        _ name: String, prepare: (RunningSystem) async throws -> Void = { _ in }, _ fault: (RunningSystem) async throws -> Void
    ) async throws {
        self.frontend.beginCounting()
        try await prepare(self)
        let load = Load(self, orders: Self.orders)
        let buying = Task { try await load.run() }
        defer { buying.cancel() }
        try await eventually("a third of the orders is accepted, or none is any more", within: .seconds(120)) {
            load.orders.count >= Self.orders / 3 || !self.frontend.refusals.isEmpty
        }
        let inFlight = try await self.host.depth()
        try await fault(self)
        let over = ContinuousClock.now
        try await self.goAllTheWay()
        let untilNormal = ContinuousClock.now - over
        try await buying.value
        let report = FaultReport(fault: name, inFlight: inFlight, books: try await self.books(), untilNormal: untilNormal)
        try report.publish()
        #expect(report.books.complaints == [])
        #expect(report.books.lost == 0)
        #expect(report.books.doubled == 0)
    }

    /// Buys until an order is refused because a queue is full: the ingress checks once a second, so this may take longer than the other customers.
    /// - Returns: the purchase, which waits for room.
    func buyUntilFull() async throws -> Task<Void, any Error> {
        let buying = Task {
            while self.frontend.refusals["queue_full"] == nil { _ = try await self.place(try self.lines(), by: self.customers[0]) }
        }
        try await self.waitUntilRefused("queue_full")
        return buying
    }

    /// Waits until customers were refused with this code.
    func waitUntilRefused(_ code: String) async throws {
        try await eventually("customers get \(code), not only \(self.frontend.refusals)", within: .seconds(60)) {
            self.frontend.refusals[code] != nil
        }
    }
}
