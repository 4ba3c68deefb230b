import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// An order's row for its handlers. The columns that never change after the order was placed are left out.
struct OrderRecord: Sendable, Equatable {
    let id: ID
    let userID: ID
    /// In the minor unit.
    let totalAmount: Int64
    /// ISO 4217, lower case.
    let currency: String
    /// The database's time of the transaction: deadlines use this clock, whatever the workers' clocks say.
    let now: Date

    var status: OrderStatus
    var paymentStatus: PaymentStatus
    /// In the minor unit.
    var amountRefunded: Int64
    var paymentDueAt: Date?
    var paymentIntentID: String?
    var revival: Revival?
    var isDisputed: Bool

    /// Written by `orders.ship`; not read.
    var carrier: String?
    /// Written by `orders.ship`; not read.
    var trackingNumber: String?
    /// Written on rejection; not read.
    var rejection: Problem?
}

extension OrderRecord {
    /// The columns that ``init(_:)`` reads, in order.
    static let columns = """
        id, user_id, total_amount, currency, now(), status, payment_status, amount_refunded, payment_due_at, payment_intent_id, revival, disputed
        """

    /// Reads a row of ``columns``.
    init(_ row: Row) throws {
        self.id = try row[0]
        self.userID = try row[1]
        self.totalAmount = try row[2]
        self.currency = try row[3]
        self.now = try row[4]
        self.status = try Self.known(try row[5, as: String.self])
        self.paymentStatus = try Self.known(try row[6, as: String.self])
        self.amountRefunded = try row[7]
        self.paymentDueAt = try row[8]
        self.paymentIntentID = try row[9]
        self.revival = try row[10, as: String?.self].map { try Self.known($0) }
        self.isDisputed = try row[11]
    }

    private static func known<Value: RawRepresentable<String>>(_ text: String) throws(Poison) -> Value {
        guard let value = Value(rawValue: text) else { throw Poison(.bug, "\(Value.self) \(text) is not known") }
        return value
    }

    /// The round of the reservation that counts.
    var reservationRound: Int? { self.revival == nil ? nil : Revival.round }
}
