import FoundationEssentials
import Kit
import Postgres
import Shop

/// The one place where what Stripe says of a PaymentIntent becomes a row of `payments` and events for the others.
enum PaymentLedger {
    /// A payment as the database has it.
    struct Payment: Sendable {
        var paymentIntentID: String
        var orderID: ID
        var status: String
        var amount: Int64
        var currency: String
        var clientSecret: String
        var updatedAt: Date?
    }

    private static let columns = "payment_intent_id, order_id, status, amount, currency, client_secret, stripe_updated_at"
    private static let byIntent = Statement("select \(columns) from payments where payment_intent_id = $1 for update")
    private static let liveByOrder = Statement("select \(columns) from payments where order_id = $1 and status <> 'canceled'")
    private static let newestByOrder = Statement("select \(columns) from payments where order_id = $1 order by created_at desc limit 1")

    private static func payment(_ rows: Rows) throws(PostgresError) -> Payment? {
        guard let row = rows.first else { return nil }
        return Payment(
            paymentIntentID: try row[0], orderID: try row[1], status: try row[2], amount: try row[3], currency: try row[4], clientSecret: try row[5],
            updatedAt: try row[6])
    }

    /// Locks a payment until the transaction ends.
    static func lock(_ paymentIntentID: String, in transaction: Transaction) async throws(PostgresError) -> Payment? {
        try self.payment(await transaction.query(self.byIntent, paymentIntentID))
    }

    /// The one live payment of an order.
    static func live(_ orderID: ID, in pool: PostgresPool) async throws(PostgresError) -> Payment? {
        try self.payment(await pool.query(self.liveByOrder, orderID))
    }

    /// The newest payment of an order, a canceled one too.
    static func newest(_ orderID: ID, in pool: PostgresPool) async throws(PostgresError) -> Payment? {
        try self.payment(await pool.query(self.newestByOrder, orderID))
    }

    private static let insert: Statement = """
        insert into payments (payment_intent_id, order_id, amount, amount_received, currency, status, client_secret, stripe_updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (payment_intent_id) do nothing returning payment_intent_id
        """

    /// Records an intent that was just made.
    /// - Returns: whether it was new.
    static func record(_ intent: PaymentIntent, of orderID: ID, at: Date, in transaction: Transaction) async throws(PostgresError) -> Bool {
        let rows = try await transaction.query(
            self.insert, intent.id, orderID, intent.amount, intent.amountReceived ?? 0, intent.currency, intent.status, intent.clientSecret ?? "", at)
        return !rows.isEmpty
    }

    private static let update: Statement = """
        update payments set status = $2, amount_received = greatest(amount_received, $3), latest_charge_id = coalesce($4, latest_charge_id),
               failure_code = $5, failure_message = $6, stripe_updated_at = $7, updated_at = now()
        where payment_intent_id = $1
        """

    /// Takes over what Stripe says of an intent, if it is news: a payment that has succeeded or was canceled stays so, and an older word than the last one
    /// changes nothing.
    /// - Parameters:
    ///   - payment: locked.
    ///   - at: when Stripe said so.
    ///   - failure: an attempt to pay failed, told apart from others by this id.
    /// - Returns: what the others are to be told.
    static func apply(
        _ intent: PaymentIntent, to payment: Payment, at: Date, failure: String? = nil, in transaction: Transaction
    ) -> [any Message] {
        guard payment.status != "succeeded", payment.status != "canceled" else { return [] }
        let isFinal = intent.status == "succeeded" || intent.status == "canceled"
        guard isFinal || payment.updatedAt.map({ at >= $0 }) ?? true else { return [] }
        transaction.enqueue(
            self.update, payment.paymentIntentID, intent.status, intent.amountReceived ?? 0, intent.latestCharge,
            intent.lastPaymentError.flatMap { $0.declineCode ?? $0.code }, intent.lastPaymentError?.message, at)
        switch intent.status {
        case "succeeded":
            return [
                PaymentSucceeded(
                    orderID: payment.orderID, paymentIntentID: intent.id, amount: intent.amountReceived ?? intent.amount, currency: intent.currency)
            ]
        case "canceled":
            return [PaymentCanceled(orderID: payment.orderID, paymentIntentID: intent.id, reason: intent.cancellationReason ?? "canceled")]
        case "processing" where payment.status != "processing": return [PaymentProcessing(orderID: payment.orderID, paymentIntentID: intent.id)]
        default:
            guard let failure else { return [] }
            return [
                PaymentFailed(
                    orderID: payment.orderID, paymentIntentID: intent.id,
                    failureCode: intent.lastPaymentError.flatMap { $0.declineCode ?? $0.code }, attempt: failure)
            ]
        }
    }
}
