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
    /// In the minor unit, as are all amounts.
    var amount: Int64
    var amountReceived: Int64
    var currency: String
    var latestChargeID: String?
    /// The newest attempt to pay that failed, and why.
    var failedAttempt: String?
    var failureCode: String?
    var failureMessage: String?
    /// When Stripe said so, by Stripe's clock; nil while only its creation is known: whatever is said of it is newer.
    var saidAt: Date?

    /// Money can still come by it, or has come.
    var isLive: Bool { self.status != .canceled }
    /// It never changes again.
    var isFinal: Bool { self.status.isFinal }
}

extension Payment {
    /// An intent that was just made.
    init(_ intent: PaymentIntent, of orderID: ID) {
        self.paymentIntentID = intent.id
        self.orderID = orderID
        self.clientSecret = intent.clientSecret ?? ""
        // A new word for a beginning is a beginning all the same.
        self.status = intent.status.meaning ?? .requiresPaymentMethod
        self.amount = intent.amount
        self.amountReceived = intent.amountReceived ?? 0
        self.currency = intent.currency
    }

    /// Takes over what Stripe says of the intent, if it is news: a payment that has succeeded or was canceled stays so, and an older word than the newest
    /// one changes nothing, nor does a status that is not known.
    /// - Parameters:
    ///   - saidAt: when, by Stripe's clock.
    ///   - attempt: names the attempt that failed, if it says so without naming one.
    ///   - canceledAs: why, if it says that the intent is canceled: only the one that asked Stripe for it knows better than that Stripe did it.
    ///   - reconciles: whether to ask Stripe again when both states are of the same second, so that their order is unknown.
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

    /// The events to emit once more, since the order does not seem to know of its payment: the message was lost or is on its way. The
    /// order applies it once. A wrong amount has its dead letter already and needs a person.
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
    /// The columns of ``init(_:)``, in its order.
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

    /// The payment of an order that counts: the live one, else the newest. Read outside of a transaction, so it may change at any moment.
    static func current(of orderID: ID, in pool: PostgresPool) async throws -> Payment? {
        guard let row = try await pool.query(self.ofOrder, orderID).first else { return nil }
        return try Payment(row)
    }
}
