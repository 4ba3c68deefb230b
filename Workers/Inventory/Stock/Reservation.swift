import Kit
import Postgres
import Shop

/// What was asked for an order, and what became of it.
struct Reservation: Sendable, Equatable {
    /// See `reservations.state`.
    enum State: String, Sendable {
        /// Taken off the stock, and waits for the money.
        case held
        /// Paid.
        case sold
        /// Back in the stock, or never to be taken from it.
        case released
        /// There was not enough.
        case refused
    }

    /// The newest one asked for.
    var round: Int
    var state: State
}

/// Reservations to write back: set-based, the lines of all in two flat arrays with the place of each.
struct ReservationRows: Sendable {
    private(set) var orderIDs: [ID] = []
    private(set) var messageIDs: [ID] = []
    private(set) var rounds: [Int16] = []
    private(set) var states: [String] = []
    private(set) var productIDs: [ID] = []
    private(set) var quantities: [Int32] = []
    /// Places in the flat arrays, from 1; of no lines, `first` is beyond `last`.
    private(set) var firsts: [Int32] = []
    private(set) var lasts: [Int32] = []

    mutating func add(_ orderID: ID, _ messageID: ID, _ reservation: Reservation, lines: [OrderLine] = []) {
        self.orderIDs.append(orderID)
        self.messageIDs.append(messageID)
        self.rounds.append(Int16(clamping: reservation.round))
        self.states.append(reservation.state.rawValue)
        self.firsts.append(Int32(self.productIDs.count + 1))
        for line in lines {
            self.productIDs.append(line.productID)
            self.quantities.append(Int32(clamping: line.quantity))
        }
        self.lasts.append(Int32(self.productIDs.count))
    }

    /// The statements of ``call(_:)`` read the parameters as this; the lines of a row are `product_ids[first:last]`.
    static let source = "unnest($1, $2, $3, $4, $7, $8) m(order_id, message_id, round, state, first, last)"

    /// A statement over ``source``, with the flat arrays in `$5` and `$6`.
    func call(_ statement: Statement) -> Call {
        Call(
            statement, self.orderIDs, self.messageIDs, self.rounds, self.states, self.productIDs, self.quantities, self.firsts, self.lasts)
    }

    private static let update = Statement(
        """
        update reservations r
        set message_id = m.message_id, round = m.round, state = m.state, at = now(),
            product_ids = case when m.first <= m.last then ($5)[m.first:m.last] else r.product_ids end,
            quantities = case when m.first <= m.last then ($6)[m.first:m.last] else r.quantities end
        from \(source) where r.order_id = m.order_id
        """)

    /// Updates the rows with the transaction's next round trip; those without lines here keep their own.
    func update(in transaction: Transaction) {
        if !self.orderIDs.isEmpty { transaction.enqueue(self.call(Self.update)) }
    }
}

extension Reservation {
    /// Reads the columns `round` and `state`.
    init(round: Int16, state text: String) throws(Poison) {
        guard let state = State(rawValue: text) else { throw Poison(.bug, "reservation state \(text) is not known") }
        self.init(round: Int(round), state: state)
    }
}
