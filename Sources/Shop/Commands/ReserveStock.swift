public import Conveyor

/// Reserves all lines of an order, or none of them.
///
/// A new order comes as its customer placed it (``order``, version 2): the inventory worker prices it, its id is the message's, and it has no row
/// yet. An order that has a row is only named (version 1).
public struct ReserveStock: Command {
    /// `inventory.reserve`.
    public static let type = "inventory.reserve"
    /// 2: with `order`.
    public static let schema = 2

    /// The existing order; nil with ``order``.
    public var orderID: ID?
    /// The lines to reserve; each product once. Nil with ``order``.
    public var lines: [OrderLine]?
    /// The new order.
    public var order: PlaceOrder?
    /// The round of the reservation; nil is the first. The second is for an order that was paid after it had been given up.
    public var round: Int?

    /// 1 without ``order``.
    public var version: Int { self.order == nil ? 1 : 2 }

    /// Reserves all lines of an existing order, or none of them.
    public init(orderID: ID, lines: [OrderLine], round: Int? = nil) {
        self.orderID = orderID
        self.lines = lines
        self.round = round
    }

    /// Places a new order, whose id is the message's.
    public init(order: PlaceOrder) { self.order = order }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case lines, order, round
    }
}
