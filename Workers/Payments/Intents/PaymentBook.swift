import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The payments of a batch, locked until its transaction ends: read once, changed in memory message by message, written back at once.
///
/// Rows are always locked in the order of their ids, after the locks on their orders and before those on unknown intents: so batches that share some
/// of them wait for each other and never deadlock.
struct PaymentBook: Sendable {
    private var before: [String: Payment] = [:]
    private var payments: [String: Payment] = [:]
    /// The payments without a row so far.
    private(set) var new: [Payment] = []

    private static let lockIntents = Statement(
        "select \(Payment.columns) from payments where payment_intent_id = any($1) order by payment_intent_id for update")
    private static let lockOrders = Statement(
        "select \(Payment.columns) from payments where order_id = any($1) order by payment_intent_id for update")

    /// Locks these payments; those that do not exist are left out.
    static func open(intents: [String], in transaction: Transaction) async throws -> PaymentBook {
        var book = PaymentBook()
        if !intents.isEmpty { try book.add(await transaction.query(Self.lockIntents, Array(Set(intents)))) }
        return book
    }

    /// Locks these orders, also against a payment that has no row yet, and all their payments.
    static func open(orders: [ID], in transaction: Transaction) async throws -> PaymentBook {
        var book = PaymentBook()
        Lock.orders.take(orders.map(\.description), in: transaction)
        try book.add(await transaction.query(Self.lockOrders, Array(Set(orders))))
        return book
    }

    /// Locks the intents without a row, and checks again whether they have one now. The transaction that records an intent takes the same lock, so an
    /// event of an unknown intent and the intent's row never miss each other.
    mutating func lookAgain(for intents: [String], in transaction: Transaction) async throws {
        let unknown = Set(intents).subtracting(self.payments.keys)
        guard !unknown.isEmpty else { return }
        Lock.intents.take(Array(unknown), in: transaction)
        try self.add(await transaction.query(Self.lockIntents, Array(unknown)))
    }

    private mutating func add(_ rows: Rows) throws {
        for row in rows {
            let payment = try Payment(row)
            self.before[payment.paymentIntentID] = payment
            self.payments[payment.paymentIntentID] = payment
        }
    }

    /// A payment with the changes of the earlier messages; nil if it is unknown.
    subscript(intent: String) -> Payment? { self.payments[intent] }

    /// The order's one payment that can still succeed or has succeeded.
    func live(_ orderID: ID) -> Payment? { self.payments.values.first { $0.orderID == orderID && $0.isLive } }

    /// A payment whose intent was just created.
    mutating func add(_ payment: Payment) {
        self.payments[payment.paymentIntentID] = payment
        self.new.append(payment)
    }

    /// Records Stripe's state of an intent: see `Payment.take`.
    /// - Returns: the events to emit; nil if the intent is unknown.
    mutating func take(
        _ intent: PaymentIntent, saidAt: Date, attempt: String? = nil, canceledAs: CancellationReason = .stripe, reconciles: Bool = true
    ) -> [any Message]? {
        self.payments[intent.id]?.take(intent, saidAt: saidAt, attempt: attempt, canceledAs: canceledAs, reconciles: reconciles)
    }

    private static let insert: Statement = """
        insert into payments (payment_intent_id, order_id, client_secret, status, amount, amount_received, currency)
        select * from unnest($1, $2, $3, $4, $5, $6, $7)
        """
    private static let update: Statement = """
        update payments p
        set status = m.status, amount = m.amount, amount_received = m.amount_received, currency = m.currency, latest_charge_id = m.latest_charge_id,
            failed_attempt = m.failed_attempt, failure_code = m.failure_code, failure_message = m.failure_message,
            stripe_updated_at = m.stripe_updated_at, updated_at = now()
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             m(payment_intent_id, status, amount, amount_received, currency, latest_charge_id, failed_attempt, failure_code, failure_message,
               stripe_updated_at)
        where p.payment_intent_id = m.payment_intent_id
        """

    /// Writes the changes with the transaction's next round trip.
    func write(in transaction: Transaction) {
        let changed = self.payments.values.filter { payment in
            self.before[payment.paymentIntentID].map { $0 != payment } ?? false
        }
        if !changed.isEmpty {
            transaction.enqueue(
                Self.update, changed.map(\.paymentIntentID), changed.map(\.status.rawValue), changed.map(\.amount), changed.map(\.amountReceived),
                changed.map(\.currency), changed.map(\.latestChargeID), changed.map(\.failedAttempt), changed.map(\.failureCode),
                changed.map(\.failureMessage), changed.map(\.saidAt))
        }
        if !self.new.isEmpty {
            Lock.intents.take(self.new.map(\.paymentIntentID), in: transaction)
            transaction.enqueue(
                Self.insert, self.new.map(\.paymentIntentID), self.new.map(\.orderID), self.new.map(\.clientSecret), self.new.map(\.status.rawValue),
                self.new.map(\.amount), self.new.map(\.amountReceived), self.new.map(\.currency))
        }
    }
}
