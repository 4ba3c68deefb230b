public import Conveyor

/// Products or categories changed, beyond the stock.
public struct CatalogChanged: Event {
    /// `catalog.changed`.
    public static let type = "catalog.changed"

    /// The products.
    public var productIDs: [ID]
    /// The categories.
    public var categoryIDs: [ID]

    /// Products or categories changed, beyond the stock.
    public init(productIDs: [ID], categoryIDs: [ID]) {
        self.productIDs = productIDs
        self.categoryIDs = categoryIDs
    }

    enum CodingKeys: String, CodingKey {
        case productIDs = "product_ids"
        case categoryIDs = "category_ids"
    }
}

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

/// An order's stock was released and is for sale again.
public struct StockReleased: Event {
    /// `stock.released`.
    public static let type = "stock.released"

    /// The order.
    public var orderID: ID
    /// The reason.
    public var reason: String

    /// An order's stock was released and is for sale again.
    public init(orderID: ID, reason: String) {
        self.orderID = orderID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason
    }
}

/// A product's stock fell to its threshold; one event per crossing.
public struct StockLow: Event {
    /// `stock.low`.
    public static let type = "stock.low"

    /// The product.
    public var productID: ID
    /// The remaining stock.
    public var stockQuantity: Int
    /// The threshold that was crossed.
    public var threshold: Int
    /// Counts the crossings of a product: with `product_id` the subject of the alert.
    public var crossing: Int64

    /// A product's stock fell to its threshold; one event per crossing.
    public init(productID: ID, stockQuantity: Int, threshold: Int, crossing: Int64) {
        self.productID = productID
        self.stockQuantity = stockQuantity
        self.threshold = threshold
        self.crossing = crossing
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
        case stockQuantity = "stock_quantity"
        case threshold, crossing
    }
}
