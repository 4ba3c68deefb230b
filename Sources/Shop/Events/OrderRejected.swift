public import Conveyor

/// An order was rejected.
public struct OrderRejected: Event {
    /// `order.rejected`.
    public static let type = "order.rejected"

    /// The order.
    public var orderID: ID
    /// The reason.
    public var problem: Problem

    /// An order was rejected.
    public init(orderID: ID, problem: Problem) {
        self.orderID = orderID
        self.problem = problem
    }

    /// Decodes the problem's lines as strictly as the other fields.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.orderID = try members.decode(ID.self, forKey: .orderID)
        self.problem = try members.decodeOrderProblem(forKey: .problem)
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case problem
    }
}
