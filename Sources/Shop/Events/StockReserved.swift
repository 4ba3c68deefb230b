public import Conveyor

/// All lines of an order are reserved.
public struct StockReserved: Event {
    /// `stock.reserved`.
    public static let type = "stock.reserved"
    /// 2: with `order`.
    public static let schema = 2

    /// The order.
    public var orderID: ID
    /// The new order, which has no row yet; nil for an existing one.
    public var order: PricedOrder?
    /// The round in `inventory.reserve`; nil is the first.
    public var round: Int?

    /// 1 without ``order``.
    public var version: Int { self.order == nil ? 1 : 2 }

    /// All lines of an order are reserved.
    public init(orderID: ID, order: PricedOrder? = nil, round: Int? = nil) {
        self.orderID = orderID
        self.order = order
        self.round = round
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case order, round
    }
}
