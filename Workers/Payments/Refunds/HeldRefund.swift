import Conveyor
import Postgres
import Shop

/// An amount that is held in the database before Stripe is asked for the refund, so that all refunds together never exceed the payment.
struct HeldRefund: Sendable {
    let id: ID
    let paymentIntentID: String
    let amount: Int64
    /// Stripe's id, if Stripe is known to have accepted it.
    let refundID: String?
    /// From 1: a new request after a refusal needs a new idempotency key, since Stripe stores the answer to the old one.
    let round: Int16
    /// Whether it is so old that Stripe may have forgotten its idempotency key.
    let isOld: Bool

    /// The same for each attempt of a round, so that the refund happens once.
    var idempotencyKey: String { self.round == 1 ? "\(self.id):refund" : "\(self.id):refund:\(self.round)" }

    private static let lockPaid: Statement = """
        select payment_intent_id, amount_received, currency from payments where order_id = $1 and status = 'succeeded' for update
        """
    private static let mine: Statement = """
        select payment_intent_id, amount, refund_id, round, held_at < now() - interval '23 hours', status = 'refused' from refunds where id = $1
        """
    private static let spoken: Statement = """
        select coalesce(sum(amount), 0)::int8 from refunds
        where payment_intent_id = $1 and status in ('held', 'pending', 'requires_action', 'succeeded')
        """
    private static let insert: Statement = """
        insert into refunds (id, order_id, amount, payment_intent_id, currency, status, reason, actor) values ($1, $2, $3, $4, $5, 'held', $6, $7)
        on conflict (id) do update
        set amount = excluded.amount, status = 'held', round = refunds.round + 1, held_at = now(), updated_at = now(), failure_reason = null
        returning round
        """
    private static let free: Statement = """
        update refunds set status = 'refused', failure_reason = $2, updated_at = now() where id = $1 and status = 'held'
        """

    private static let isGivenUp: Statement = "select status in ('cancelled', 'expired', 'rejected') from orders where id = $1"

    /// Whether the actor may request it: the staff, or the actor who cancelled a paid order.
    private static func isAllowed(_ command: RefundPayment, _ envelope: Envelope, in transaction: Transaction) async throws -> Bool {
        if try await Staff.among([envelope.actor], in: transaction).contains(envelope.actor) { return true }
        guard !envelope.isRoot else { return false }
        return try await transaction.query(Self.isGivenUp, command.orderID).decode(Bool.self).first == true
    }

    /// Holds the amount in its own transaction; a repeated message gets what it held before.
    /// - Throws: `Problem` `forbidden`, `nothing_to_refund`, `refund_exceeds_payment`.
    static func hold(_ command: RefundPayment, _ envelope: Envelope, in pool: PostgresPool) async throws -> HeldRefund {
        let (id, actor) = (envelope.messageID, envelope.actor)
        return try await pool.transaction { transaction in
            let payment = try await transaction.query(Self.lockPaid, command.orderID).decode((String, Int64, String).self).first
            let mine = try await transaction.query(Self.mine, id).decode((String, Int64, String?, Int16, Bool, Bool).self).first
            if let (intent, amount, refundID, round, isOld, wasRefused) = mine, !wasRefused {
                return HeldRefund(id: id, paymentIntentID: intent, amount: amount, refundID: refundID, round: round, isOld: isOld)
            }
            guard try await Self.isAllowed(command, envelope, in: transaction) else { throw Staff.forbidden }
            guard let (intent, received, currency) = payment else { throw Problem(.nothingToRefund, "This order has no payment.") }
            let spoken = try await transaction.query(Self.spoken, intent).decode(Int64.self).first ?? 0
            let left = received - spoken
            guard left > 0 else { throw Problem(.nothingToRefund, "This payment is fully refunded already.") }
            let amount = command.amount ?? left
            guard amount > 0, amount <= left else {
                throw Problem(.refundExceedsPayment, "Only \(Money(left, currency)) of this payment can still be refunded.")
            }
            if let refusal = Currency(currency)?.refusal(of: amount) {
                throw Problem(.invalid, "Stripe does not accept this amount.", errors: [.init(field: "amount", message: refusal)])
            }
            let round = try await transaction.query(Self.insert, id, command.orderID, amount, intent, currency, command.reason ?? command.note, actor)
                .decode(Int16.self).first
            return HeldRefund(id: id, paymentIntentID: intent, amount: amount, refundID: nil, round: round ?? 1, isOld: false)
        }
    }

    /// Stripe refused it: the amount is free for other refunds.
    static func free(_ id: ID, because reason: String) -> Call { Call(Self.free, id, reason) }

    private static let freeStale: Statement = """
        update refunds set status = 'refused', failure_reason = 'not known at Stripe', updated_at = now()
        where payment_intent_id = $1 and status = 'held' and held_at < now() - interval '25 hours' and id <> all($2)
        """

    /// Frees amounts that were held for more than a day and are not among these: the request never reached Stripe, or was refused, and its message is
    /// dead.
    static func freeStale(of payment: Payment, except known: [ID], in transaction: Transaction) {
        transaction.enqueue(self.freeStale, payment.paymentIntentID, known)
    }
}
