public import Conveyor

/// An order's lines could not all be reserved, so none is.
public struct StockRefused: Event {
    /// `stock.refused`.
    public static let type = "stock.refused"
    /// 2: with `order`.
    public static let schema = 2

    /// The order.
    public var orderID: ID
    /// The missing lines, with their remaining stock.
    public var problem: Problem
    /// As in ``StockReserved``.
    public var order: PricedOrder?
    /// The round in `inventory.reserve`; nil is the first.
    public var round: Int?

    /// 1 without ``order``.
    public var version: Int { self.order == nil ? 1 : 2 }

    /// An order's lines could not all be reserved, so none is.
    public init(orderID: ID, problem: Problem, order: PricedOrder? = nil, round: Int? = nil) {
        self.orderID = orderID
        self.problem = problem
        self.order = order
        self.round = round
    }

    /// Decodes the problem's lines as strictly as the other fields.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.orderID = try members.decode(ID.self, forKey: .orderID)
        self.problem = try members.decodeOrderProblem(forKey: .problem)
        self.order = try members.decodeIfPresent(PricedOrder.self, forKey: .order)
        self.round = try members.decodeIfPresent(Int.self, forKey: .round)
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case problem, order, round
    }
}
