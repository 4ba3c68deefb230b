import Conveyor
import Postgres
import Shop

/// What has happened to orders, a row each, in the order it happened.
struct Timeline: Sendable {
    /// One row without what the order and the message bring.
    struct Entry: Sendable {
        /// An event, e.g. `order.paid`; of what changed nothing, the message's own type.
        var type: String
        /// A JSON object.
        var detail: JSONText?

        init(_ type: String, _ detail: JSONText? = nil) {
            self.type = type
            self.detail = detail
        }

        init(_ type: String, _ detail: Detail) throws { self.init(type, JSONText(try JSON.encode(detail))) }
    }

    /// What the `detail` of an entry may say.
    struct Detail: Encodable, Sendable {
        /// The message came late, twice or out of order, and changed nothing.
        var ignored: Bool?
        /// In words.
        var reason: String?
        /// When the order expires if it is not paid.
        var paymentDueAt: String?
        var paymentIntentID: String?
        /// In the minor unit of `currency`.
        var amount: Int64?
        var currency: String?
        /// Stripe's decline code, or error code.
        var failureCode: String?
        var refundID: String?
        /// All that was refunded of the order, in the minor unit.
        var amountRefunded: Int64?
        var disputeID: String?
        /// Stripe's status of the dispute.
        var disputeStatus: String?
        var carrier: String?
        var trackingNumber: String?
        /// Why the order was refused.
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
    ///   - status: the order's, after it.
    ///   - envelope: of the message that did it.
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
