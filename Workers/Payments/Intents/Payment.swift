import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// A payment's row as its handlers see and change it.
struct Payment: Sendable, Equatable {
    let paymentIntentID: String
    let orderID: ID
    let clientSecret: String
    var status: IntentStatus
    /// In the minor unit, as all amounts are.
    var amount: Int64
    var amountReceived: Int64
    var currency: String
    var latestChargeID: String?
    /// The newest failed attempt, and why it failed.
    var failedAttempt: String?
    var failureCode: String?
    var failureMessage: String?
    /// The time of the newest state, by Stripe's clock; nil after the creation: any state is newer.
    var saidAt: Date?

    /// Whether a payment can still come by it, or has come.
    var isLive: Bool { self.status != .canceled }
    /// Whether the status is final.
    var isFinal: Bool { self.status.isFinal }
}

extension Payment {
    /// An intent that was just created.
    init(_ intent: PaymentIntent, of orderID: ID) {
        self.paymentIntentID = intent.id
        self.orderID = orderID
        self.clientSecret = intent.clientSecret ?? ""
        // An unknown status of a new intent counts as its first one.
        self.status = intent.status.meaning ?? .requiresPaymentMethod
        self.amount = intent.amount
        self.amountReceived = intent.amountReceived ?? 0
        self.currency = intent.currency
    }

    /// Records Stripe's state of the intent, if it is news: a succeeded or cancelled payment stays so, and a state older than the newest one changes
    /// nothing, nor does an unknown status.
    /// - Parameters:
    ///   - saidAt: the time of the state, by Stripe's clock.
    ///   - attempt: the id of a failed attempt, if the state has none.
    ///   - canceledAs: the reason of a cancellation: only the caller that asked for it knows better than that Stripe did it.
    ///   - reconciles: whether to ask Stripe again if both states are of the same second, so that their order is unknown.
    /// - Returns: the events to emit.
    mutating func take(
        _ intent: PaymentIntent, saidAt: Date, attempt fallback: String? = nil, canceledAs: CancellationReason = .stripe, reconciles: Bool = true
    ) -> [any Message] {
        guard let status = intent.status.meaning, !self.isFinal else { return [] }
        if !intent.isFinal, let newest = self.saidAt, saidAt < newest { return [] }
        let attempt = intent.failedAttempt(orElse: fallback)
        let isNewFailure = attempt != nil && attempt != self.failedAttempt
        let isNewStatus = status != self.status
        guard isNewStatus || isNewFailure else { return [] }

        let isAmbiguous = !intent.isFinal && saidAt == self.saidAt
        self.status = status
        self.amount = intent.amount
        self.amountReceived = max(self.amountReceived, intent.amountReceived ?? (status == .succeeded ? intent.amount : 0))
        self.currency = intent.currency
        self.latestChargeID = intent.latestCharge?.id ?? intent.charges?.data.first?.id ?? self.latestChargeID
        self.failedAttempt = attempt ?? self.failedAttempt
        self.failureCode = intent.lastPaymentError?.reason
        self.failureMessage = intent.lastPaymentError?.message
        self.saidAt = max(saidAt, self.saidAt ?? saidAt)

        var emits: [any Message] = []
        switch status {
        case .succeeded: emits.append(self.succeeded)
        case .canceled: emits.append(PaymentCanceled(orderID: self.orderID, paymentIntentID: intent.id, reason: canceledAs))
        case .processing where isNewStatus: emits.append(PaymentProcessing(orderID: self.orderID, paymentIntentID: intent.id))
        default:
            if let attempt, isNewFailure {
                emits.append(PaymentFailed(orderID: self.orderID, paymentIntentID: intent.id, failureCode: self.failureCode, attempt: attempt))
            }
        }
        if isAmbiguous, reconciles { emits.append(ReconcilePayment(orderID: self.orderID)) }
        return emits
    }

    /// The events about its money.
    private var succeeded: PaymentSucceeded {
        PaymentSucceeded(
            orderID: self.orderID, paymentIntentID: self.paymentIntentID, amount: self.amountReceived, currency: self.currency)
    }

    /// The events to emit again, since the order does not seem to know of its payment: the message was lost or is on its way, and the order applies
    /// it once. A wrong amount already has its dead letter, which needs a person.
    /// - Parameter emits: the events that are emitted anyway.
    func repetition(for order: OrderForPayment?, beside emits: [any Message] = []) -> PaymentSucceeded? {
        guard let order, self.status == .succeeded, !order.paymentStatus.isSettled else { return nil }
        guard self.amountReceived == order.total, self.currency == order.currency, !emits.contains(where: { $0 is PaymentSucceeded }) else {
            return nil
        }
        return self.succeeded
    }
}

extension Payment {
    /// The columns that ``init(_:)`` reads, in order.
    static let columns = """
        payment_intent_id, order_id, client_secret, status, amount, amount_received, currency, latest_charge_id, failed_attempt, failure_code, \
        failure_message, stripe_updated_at
        """

    /// Reads a row of ``columns``.
    init(_ row: Row) throws {
        self.paymentIntentID = try row[0]
        self.orderID = try row[1]
        self.clientSecret = try row[2]
        let status = try row[3, as: String.self]
        guard let known = IntentStatus(rawValue: status) else { throw Poison(.bug, "a payment's status \(status) is not known") }
        self.status = known
        self.amount = try row[4]
        self.amountReceived = try row[5]
        self.currency = try row[6]
        self.latestChargeID = try row[7]
        self.failedAttempt = try row[8]
        self.failureCode = try row[9]
        self.failureMessage = try row[10]
        self.saidAt = try row[11]
    }

    private static let ofOrder = Statement(
        "select \(columns) from payments where order_id = $1 order by status = 'canceled', created_at desc limit 1")

    /// The order's current payment: the live one, else the newest. Read outside of a transaction, so it may change at any moment.
    static func current(of orderID: ID, in pool: PostgresPool) async throws -> Payment? {
        guard let row = try await pool.query(self.ofOrder, orderID).first else { return nil }
        return try Payment(row)
    }
}
