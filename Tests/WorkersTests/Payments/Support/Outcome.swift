import Conveyor
import Fixtures
import FoundationEssentials
import Postgres
import Shop
import Testing

/// The result of an order and its payment.
struct Outcome: Sendable, Equatable {
    /// The order's status and payment status: `paid/refunded`.
    var order: String
    /// The refunded sum, in the minor unit.
    var refunded: Int64 = 0
    /// The statuses of its PaymentIntents at Stripe, oldest first.
    var intents: [String]
    /// The statuses of its refunds at Stripe, in alphabetical order.
    var refunds: [String] = []
    /// The calls that took effect at Stripe: paths below `/v1/`, in alphabetical order.
    var work: [String]
    /// The kinds of the sent e-mails, in alphabetical order.
    var mails: [String] = []
}

extension Stage {
    /// Waits until the order has this result, and then checks that nothing more happens.
    func expect(_ order: ID, _ wanted: Outcome, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last: Outcome?
        do {
            try await eventually("the outcome", every: .milliseconds(50)) {
                let now = try await self.outcome(of: order)
                last = now
                return now == wanted
            }
        } catch {
            #expect(last == wanted, "\(self.shop.output(of: "payments-worker").suffix(4000))", sourceLocation: sourceLocation)
            throw error
        }
        // Running work is finished before the parts end.
        try await self.shop.stop()
        #expect(try await self.outcome(of: order) == wanted, sourceLocation: sourceLocation)
        // Each was sent once.
        #expect(try await self.shop.mail.mails().count == wanted.mails.count, sourceLocation: sourceLocation)
        #expect(try await self.shop.pool.query("select from orders where amount_refunded > total_amount").isEmpty, sourceLocation: sourceLocation)
    }

    func outcome(of order: ID) async throws -> Outcome {
        let pool = self.shop.pool
        let (status, paymentStatus, refunded) = try await #require(
            try pool.query("select status, payment_status, amount_refunded from orders where id = $1", order).decode((String, String, Int64).self)
                .first)
        return Outcome(
            order: "\(status)/\(paymentStatus)", refunded: refunded,
            intents: try await pool.query("select status from payments where order_id = $1 order by created_at", order).decode(String.self),
            refunds: try await pool.query("select status from refunds where order_id = $1 order by status", order).decode(String.self),
            work: try await self.stripe.work(), mails: try await pool.query("select kind from emails order by kind").decode(String.self))
    }
}
