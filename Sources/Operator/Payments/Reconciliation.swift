import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// Makes payments-worker compare payments with Stripe and repair differences: one `payments.reconcile` per order.
struct Reconciliation: Sendable {
    let pool: PostgresPool

    /// The result for one order's payment.
    struct Finding: Sendable, Encodable {
        var orderID: ID
        var number: Int
        var paymentIntentID: String?
        /// `agrees`, `repaired`, or `failed`.
        var outcome: String
        var differences: [Difference]
        /// The error, if it failed.
        var error: String?

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id"
            case number
            case paymentIntentID = "payment_intent_id"
            case outcome, differences, error
        }
    }

    /// A field that differs at Stripe.
    struct Difference: Sendable, Codable {
        /// The id of the PaymentIntent, refund or dispute.
        var id: String
        var field: String
        /// nil if it was unknown.
        var here: String?
        var stripe: String
    }

    private struct Result: Decodable {
        var paymentIntentID: String?
        var differences: [Difference]

        enum CodingKeys: String, CodingKey {
            case paymentIntentID = "payment_intent_id"
            case differences
        }
    }

    /// Open: the payment, a refund or a dispute is not final at Stripe, or the order does not know that it is paid.
    private static let candidates: Statement = """
        select o.id, o.number from orders o
        where exists (
                select from payments p where p.order_id = o.id and (p.status not in ('succeeded', 'canceled') or p.updated_at >= $1
                    or p.status = 'succeeded' and o.payment_status in ('unpaid', 'processing', 'failed')))
            or exists (select from refunds r where r.order_id = o.id and (r.status in ('held', 'pending', 'requires_action') or r.updated_at >= $1))
            or exists (select from disputes d where d.order_id = o.id and (d.status not in ('won', 'lost') or d.updated_at >= $1))
        order by o.number
        """

    /// Orders whose payment is open, or has changed since then.
    func candidates(since: Date) async throws -> [(id: ID, number: Int)] {
        try await self.pool.query(Self.candidates, since).decode((ID, Int).self).map { ($0.0, $0.1) }
    }

    /// Compares these and waits for the results.
    func compare(_ orders: [(id: ID, number: Int)], _ sender: CommandSender, progress: (Int) -> Void) async throws -> [Finding] {
        let base = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        let commands = orders.map { (id: base.derived($0.id.description), payload: ReconcilePayment(orderID: $0.id)) }
        let outcomes = try await sender.send(commands, progress: progress)
        return try zip(orders, commands).map { order, command in
            var finding = Finding(orderID: order.id, number: order.number, outcome: "failed", differences: [])
            switch outcomes[command.id] {
            case .succeeded(let json):
                let result = try json.map { try JSON.decode(Result.self, from: $0.bytes) }
                finding.paymentIntentID = result?.paymentIntentID
                finding.differences = result?.differences ?? []
                finding.outcome = finding.differences.isEmpty ? "agrees" : "repaired"
            case .rejected(let problem): finding.error = problem.detail
            case .dead(let error): finding.error = error
            case .undecided, nil: finding.error = "not compared yet; is payments-worker running, and does Stripe answer?"
            }
            return finding
        }
    }
}
