import Conveyor
import Postgres
import Shop

/// The events of orders, one row each, in order.
struct Timeline: Sendable {
    /// A row without the values of the order and the message.
    struct Entry: Sendable {
        /// An event, e.g. `order.paid`; for a message without effect, its own type.
        var type: String
        /// A JSON object.
        var detail: JSONText?

        init(_ type: String, _ detail: JSONText? = nil) {
            self.type = type
            self.detail = detail
        }

        init(_ type: String, _ detail: Detail) throws { self.init(type, JSONText(try JSON.encode(detail))) }
    }

    /// The possible values in an entry's `detail`.
    struct Detail: Encodable, Sendable {
        /// The message came late, repeated or out of order, and had no effect.
        var ignored: Bool?
        /// An explanation.
        var reason: String?
        /// When the order expires without a payment.
        var paymentDueAt: String?
        var paymentIntentID: String?
        /// In the minor unit of `currency`.
        var amount: Int64?
        var currency: String?
        /// Stripe's decline code, or error code.
        var failureCode: String?
        var refundID: String?
        /// The order's refunds in total, in the minor unit.
        var amountRefunded: Int64?
        var disputeID: String?
        /// Stripe's status of the dispute.
        var disputeStatus: String?
        var carrier: String?
        var trackingNumber: String?
        /// The reason of the rejection.
        var problem: Problem?

        enum CodingKeys: String, CodingKey {
            case ignored, reason
            case paymentDueAt = "payment_due_at"
            case paymentIntentID = "payment_intent_id"
            case amount, currency
            case failureCode = "failure_code"
            case refundID = "refund_id"
            case amountRefunded = "amount_refunded"
            case disputeID = "dispute_id"
            case disputeStatus = "dispute_status"
            case carrier
            case trackingNumber = "tracking_number"
            case problem
        }
    }

    private static let insert: Statement = """
        insert into order_events (order_id, message_id, causation_id, type, status, actor, detail) select * from unnest($1, $2, $3, $4, $5, $6, $7)
        """

    /// The rows, column by column.
    struct Columns: Sendable {
        var orderIDs: [ID] = []
        var messageIDs: [ID] = []
        var causationIDs: [ID?] = []
        var types: [String] = []
        var statuses: [String] = []
        var actors: [String] = []
        var details: [JSONText?] = []
    }

    private(set) var columns = Columns()

    /// Adds a row.
    /// - Parameters:
    ///   - status: the order's status after it.
    ///   - envelope: of the message that caused it.
    mutating func add(_ entry: Entry, to orderID: ID, status: OrderStatus, by envelope: Envelope) {
        self.columns.orderIDs.append(orderID)
        self.columns.messageIDs.append(envelope.messageID)
        self.columns.causationIDs.append(envelope.causationID)
        self.columns.types.append(entry.type)
        self.columns.statuses.append(status.rawValue)
        self.columns.actors.append(envelope.actor)
        self.columns.details.append(entry.detail)
    }

    /// Writes the rows with the transaction's next round trip.
    func write(in transaction: Transaction) {
        guard !self.columns.orderIDs.isEmpty else { return }
        let rows = self.columns
        transaction.enqueue(Self.insert, rows.orderIDs, rows.messageIDs, rows.causationIDs, rows.types, rows.statuses, rows.actors, rows.details)
    }
}
