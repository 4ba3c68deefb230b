import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop

@testable import Payments

/// The interruption of payments-worker after each answer of Stripe.
enum Interruption: String, Sendable, CaseIterable {
    case none
    /// kill -9 between the answer and the commit.
    case beforeCommit = "killed before the commit"
    /// kill -9 between the commit and the publishing of the emitted messages.
    case afterCommit = "killed after the commit"
}

/// A shop with one order, and the actions on it.
struct Stage: Sendable {
    let shop: TestShop
    let interruption: Interruption
    let user = ID("018f0000-0000-7000-8000-000000000001") ?? ID(high: 0, low: 0)
    let product = ID("018f0000-0000-7000-8000-000000000002") ?? ID(high: 0, low: 0)

    var stripe: StripeAccount { self.shop.stripe }
    var actor: String { self.user.description }

    /// An account, and a product for 20.00 USD.
    func setTheScene(stock: Int = 10) async throws {
        try await self.shop.pool.pipeline([
            Call(
                "insert into users (id, email, email_verified, full_name, password_hash) values ($1, 'ada@example.com', true, 'Ada Lovelace', '!')",
                self.user),
            Call(
                "insert into products (id, unit_amount, stock_quantity, currency, sku, name) values ($1, 2000, $2, 'usd', 'TEA-1', 'Assam')",
                self.product, Int32(stock)),
        ])
    }

    // MARK: Requests to the shop

    /// Places an order and waits until it awaits its payment.
    func place(quantity: Int = 1) async throws -> ID {
        let address = Address(name: "Ada Lovelace", line1: "12 St James's Square", city: "London", postalCode: "SW1Y 4JH", country: "GB")
        let order = try await self.shop.send(
            PlaceOrder(userID: self.user, items: [OrderLine(productID: self.product, quantity: quantity)], shippingAddress: address), by: self.actor)
        guard try await self.shop.ended(order).outcome == "succeeded" else { throw FixtureError("the order was not taken") }
        return order
    }

    /// Requests the order's PaymentIntent and returns its id.
    func createIntent(_ order: ID, asking call: String = "POST /v1/payment_intents") async throws -> String {
        let id = try await self.asking(call) { try await self.shop.send(CreateIntent(orderID: order), by: self.actor) }
        return try await self.shop.ended(id).result?["payment_intent_id"].string ?? ""
    }

    func confirm(_ order: ID) async throws -> TestShop.Ending {
        let id = try await self.asking("GET /v1/payment_intents/*") { try await self.shop.send(ConfirmPayment(orderID: order), by: self.actor) }
        return try await self.shop.ended(id)
    }

    func refund(_ order: ID, _ amount: Int64? = nil) async throws -> TestShop.Ending {
        let id = try await self.asking("POST /v1/refunds") { try await self.shop.send(RefundPayment(orderID: order, amount: amount)) }
        return try await self.shop.ended(id)
    }

    func cancel(_ order: ID) async throws {
        guard try await self.shop.ended(self.shop.send(CancelOrder(orderID: order), by: self.actor)).outcome == "succeeded" else {
            throw FixtureError("the order was not cancelled")
        }
    }

    /// Lets its deadline pass.
    func expire(_ order: ID) async throws {
        try await self.shop.pool.pipeline([
            Call("update orders set payment_due_at = now() where id = $1", order),
            Call("insert into payment_deadlines (due_at, order_id) select payment_due_at, id from orders where id = $1", order),
        ])
    }

    /// Delivers Stripe's events since the last call, as the webhook would.
    func bringEvents(_ order: EventOrder = .asMade) async throws {
        let events = try await self.stripe.newEvents()
        let isNewestFirst = order == .newestFirst || order == .newestBeforeOthers
        for (index, event) in (isNewestFirst ? events.reversed() : events).enumerated() {
            let id = StripeEvent.messageID(event.eventID)
            for _ in 0..<(order == .twice ? 2 : 1) { try await self.shop.send(event, id: id, by: "stripe") }
            guard order == .newestBeforeOthers, index == 0 else { continue }
            try await eventually("the newest to be handled") {
                try await !self.shop.pool.query("select from inbox where message_id = $1", id).isEmpty
            }
        }
    }

    enum EventOrder {
        case asMade, newestFirst, twice
        /// As `newestFirst`; the others are delivered after the newest is handled. Simultaneous ones are handled side by side, in any order.
        case newestBeforeOthers
    }

    // MARK: Interruptions

    /// Runs an action that makes payments-worker call Stripe, and interrupts the worker after the answer.
    func asking<Result: Sendable>(_ call: String, _ act: @Sendable () async throws -> Result) async throws -> Result {
        guard self.interruption != .none else { return try await act() }
        let before = try await self.answered(call)
        // The trace's rows are written with the commit: while the table is locked, the worker stops just before it.
        let result = try await self.shop.pool.transaction { transaction in
            try await transaction.query("lock table calls in share mode")
            let result = try await act()
            try await eventually("Stripe to answer \(call)") { try await self.answered(call) > before }
            try await eventually("the worker to stand before its commit") {
                try await !transaction.query(
                    "select from pg_stat_activity where application_name = 'payments-worker' and wait_event_type = 'Lock' and datname = current_database()"
                ).isEmpty
            }
            try await self.shop.kill("payments-worker")
            if self.interruption == .beforeCommit { try await transaction.query(Self.endBackends) }
            return result
        }
        try await eventually("the worker's connections to end") { try await self.shop.pool.query(Self.backends).isEmpty }
        try await self.shop.start("payments-worker")
        return result
    }

    private func answered(_ call: String) async throws -> Int { try await self.stripe.requests().filter { $0.name == call && $0.isOver }.count }

    private static let backends: Statement = """
        select pid from pg_stat_activity where application_name = 'payments-worker' and datname = current_database()
        """
    private static let endBackends: Statement = """
        select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'payments-worker' and datname = current_database()
        """
}
