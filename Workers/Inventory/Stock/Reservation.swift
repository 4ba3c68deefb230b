import Conveyor
import Postgres
import Shop

/// A reservation and its state.
struct Reservation: Sendable, Equatable {
    /// See `reservations.state`.
    enum State: String, Sendable {
        /// Taken from the stock; awaits the payment.
        case held
        /// Paid.
        case sold
        /// Returned to the stock, or never to be taken from it.
        case released
        /// The stock was not sufficient.
        case refused
    }

    /// The newest requested round.
    var round: Int
    var state: State
}

/// Reservations to write, one row per order: set-based, in the order of the ids, with the lines of all in two flat arrays and each row's range.
struct ReservationRows: Sendable {
    private struct Row {
        var messageID: ID
        var reservation: Reservation
        var lines: [OrderLine]
    }
    private var rows: [ID: Row] = [:]

    /// Sets an order's reservation; the last of several counts. Without lines the row keeps its own.
    mutating func set(_ orderID: ID, _ messageID: ID, _ reservation: Reservation, lines: [OrderLine] = []) {
        let lines = lines.isEmpty ? self.rows[orderID]?.lines ?? [] : lines
        self.rows[orderID] = Row(messageID: messageID, reservation: reservation, lines: lines)
    }

    /// The orders, in order.
    var orderIDs: [ID] { self.rows.keys.sorted() }

    /// The row source of the statements in ``call(_:)``; the lines of a row are `product_ids[first:last]`.
    static let source = "unnest($1, $2, $3, $4, $7, $8) m(order_id, message_id, round, state, first, last)"

    /// A statement over ``source``, with the flat arrays in `$5` and `$6`.
    func call(_ statement: Statement) -> Call {
        let rows = self.rows.sorted { $0.key < $1.key }
        var (productIDs, quantities): ([ID], [Int32]) = ([], [])
        // Positions in the flat arrays, from 1; without lines `first` exceeds `last`.
        var (firsts, lasts): ([Int32], [Int32]) = ([], [])
        for (_, row) in rows {
            firsts.append(Int32(productIDs.count + 1))
            for line in row.lines {
                productIDs.append(line.productID)
                quantities.append(Int32(clamping: line.quantity))
            }
            lasts.append(Int32(productIDs.count))
        }
        return Call(
            statement, rows.map(\.key), rows.map(\.value.messageID), rows.map { Int16(clamping: $0.value.reservation.round) },
            rows.map(\.value.reservation.state.rawValue), productIDs, quantities, firsts, lasts)
    }

    private static let update = Statement(
        """
        update reservations r
        set message_id = m.message_id, round = m.round, state = m.state, at = now(),
            product_ids = case when m.first <= m.last then ($5)[m.first:m.last] else r.product_ids end,
            quantities = case when m.first <= m.last then ($6)[m.first:m.last] else r.quantities end
        from \(source) where r.order_id = m.order_id
        """)

    /// Updates the rows with the transaction's next round trip; rows without lines here keep their own.
    func update(in transaction: Transaction) {
        if !self.rows.isEmpty { transaction.enqueue(self.call(Self.update)) }
    }
}

extension Reservation {
    /// Reads the columns `round` and `state`.
    init(round: Int16, state text: String) throws(Poison) {
        guard let state = State(rawValue: text) else { throw Poison(.bug, "reservation state \(text) is not known") }
        self.init(round: Int(round), state: state)
    }
}
