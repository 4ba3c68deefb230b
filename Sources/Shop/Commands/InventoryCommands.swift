public import Conveyor

/// Makes a category; its id is the message's.
public struct CreateCategory: Command {
    /// `inventory.create_category`.
    public static let type = "inventory.create_category"

    /// For people.
    public var name: String
    /// For URLs; made from the name if nil.
    public var slug: String?
    /// Plain text.
    public var description: String?
    /// The category above it.
    public var parentID: ID?
    /// Shown in the tree; true if nil.
    public var isActive: Bool?

    /// Makes a category; its id is the message's.
    public init(name: String, slug: String? = nil, description: String? = nil, parentID: ID? = nil, isActive: Bool? = nil) {
        self.name = name
        self.slug = slug
        self.description = description
        self.parentID = parentID
        self.isActive = isActive
    }

    enum CodingKeys: String, CodingKey {
        case name, slug, description
        case parentID = "parent_id"
        case isActive = "is_active"
    }
}

/// Changes a category; nil leaves a field as it is.
public struct UpdateCategory: OrderedCommand {
    /// `inventory.update_category`.
    public static let type = "inventory.update_category"

    /// The category.
    public var categoryID: ID
    /// For people.
    public var name: String?
    /// For URLs.
    public var slug: String?
    /// Plain text.
    public var description: String?
    /// The category above it.
    public var parentID: ID?
    /// True makes it a top-level category.
    public var clearsParent: Bool?
    /// Shown in the tree.
    public var isActive: Bool?

    /// Changes a category; nil leaves a field as it is.
    public init(
        categoryID: ID,
        name: String? = nil,
        slug: String? = nil,
        description: String? = nil,
        parentID: ID? = nil,
        clearsParent: Bool? = nil,
        isActive: Bool? = nil
    ) {
        self.categoryID = categoryID
        self.name = name
        self.slug = slug
        self.description = description
        self.parentID = parentID
        self.clearsParent = clearsParent
        self.isActive = isActive
    }

    enum CodingKeys: String, CodingKey {
        case categoryID = "category_id"
        case name, slug, description
        case parentID = "parent_id"
        case clearsParent = "clears_parent"
        case isActive = "is_active"
    }
}

/// Removes an empty category.
public struct DeleteCategory: Command {
    /// `inventory.delete_category`.
    public static let type = "inventory.delete_category"

    /// The category.
    public var categoryID: ID

    /// Removes an empty category.
    public init(categoryID: ID) {
        self.categoryID = categoryID
    }

    enum CodingKeys: String, CodingKey {
        case categoryID = "category_id"
    }
}

/// Makes a product; its id is the message's.
public struct CreateProduct: Command {
    /// `inventory.create_product`.
    public static let type = "inventory.create_product"

    /// The shop's own number, unique.
    public var sku: String
    /// For people.
    public var name: String
    /// Plain text.
    public var description: String?
    /// Price in the minor unit.
    public var unitAmount: Int64
    /// ISO 4217, lower case; the shop's if nil.
    public var currency: String?
    /// Units received at first; 0 if nil.
    public var stockQuantity: Int?
    /// Its category.
    public var categoryID: ID?
    /// URLs.
    public var images: [String]?
    /// Can be sold; true if nil.
    public var isActive: Bool?
    /// An alert is sent when the stock falls to this; the shop's default if nil.
    public var lowStockThreshold: Int?

    /// Makes a product; its id is the message's.
    public init(
        sku: String,
        name: String,
        description: String? = nil,
        unitAmount: Int64,
        currency: String? = nil,
        stockQuantity: Int? = nil,
        categoryID: ID? = nil,
        images: [String]? = nil,
        isActive: Bool? = nil,
        lowStockThreshold: Int? = nil
    ) {
        self.sku = sku
        self.name = name
        self.description = description
        self.unitAmount = unitAmount
        self.currency = currency
        self.stockQuantity = stockQuantity
        self.categoryID = categoryID
        self.images = images
        self.isActive = isActive
        self.lowStockThreshold = lowStockThreshold
    }

    enum CodingKeys: String, CodingKey {
        case sku, name, description
        case unitAmount = "unit_amount"
        case currency
        case stockQuantity = "stock_quantity"
        case categoryID = "category_id"
        case images
        case isActive = "is_active"
        case lowStockThreshold = "low_stock_threshold"
    }
}

/// Changes a product; nil leaves a field as it is. The stock is changed by `inventory.adjust_stock` alone, or set here to an absolute count.
public struct UpdateProduct: OrderedCommand {
    /// `inventory.update_product`.
    public static let type = "inventory.update_product"

    /// The product.
    public var productID: ID
    /// The shop's own number.
    public var sku: String?
    /// For people.
    public var name: String?
    /// Plain text.
    public var description: String?
    /// Price in the minor unit; orders keep theirs.
    public var unitAmount: Int64?
    /// ISO 4217, lower case.
    public var currency: String?
    /// Units that can be sold from now on; the ledger gets the difference.
    public var stockQuantity: Int?
    /// Its category.
    public var categoryID: ID?
    /// True takes it out of its category.
    public var clearsCategory: Bool?
    /// URLs.
    public var images: [String]?
    /// Can be sold.
    public var isActive: Bool?
    /// Alert threshold.
    public var lowStockThreshold: Int?
    /// True takes its own threshold away: the shop's counts.
    public var clearsLowStockThreshold: Bool?

    /// Changes a product; nil leaves a field as it is. The stock is changed by `inventory.adjust_stock` alone, or set here to an absolute count.
    public init(
        productID: ID,
        sku: String? = nil,
        name: String? = nil,
        description: String? = nil,
        unitAmount: Int64? = nil,
        currency: String? = nil,
        stockQuantity: Int? = nil,
        categoryID: ID? = nil,
        clearsCategory: Bool? = nil,
        images: [String]? = nil,
        isActive: Bool? = nil,
        lowStockThreshold: Int? = nil,
        clearsLowStockThreshold: Bool? = nil
    ) {
        self.productID = productID
        self.sku = sku
        self.name = name
        self.description = description
        self.unitAmount = unitAmount
        self.currency = currency
        self.stockQuantity = stockQuantity
        self.categoryID = categoryID
        self.clearsCategory = clearsCategory
        self.images = images
        self.isActive = isActive
        self.lowStockThreshold = lowStockThreshold
        self.clearsLowStockThreshold = clearsLowStockThreshold
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
        case sku, name, description
        case unitAmount = "unit_amount"
        case currency
        case stockQuantity = "stock_quantity"
        case categoryID = "category_id"
        case clearsCategory = "clears_category"
        case images
        case isActive = "is_active"
        case lowStockThreshold = "low_stock_threshold"
        case clearsLowStockThreshold = "clears_low_stock_threshold"
    }
}

/// Takes a product out of the shop; orders keep their lines.
public struct ArchiveProduct: OrderedCommand {
    /// `inventory.archive_product`.
    public static let type = "inventory.archive_product"

    /// The product.
    public var productID: ID

    /// Takes a product out of the shop; orders keep their lines.
    public init(productID: ID) {
        self.productID = productID
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
    }
}

/// Adds to, takes from or sets the units that can be sold. Exactly one of `delta` and `set` is given.
public struct AdjustStock: OrderedCommand {
    /// `inventory.adjust_stock`.
    public static let type = "inventory.adjust_stock"

    /// The product.
    public var productID: ID
    /// Units to add, or to take if negative.
    public var delta: Int?
    /// Units there are to be.
    public var set: Int?
    /// For the ledger.
    public var reason: String

    /// Adds to, takes from or sets the units that can be sold. Exactly one of `delta` and `set` is given.
    public init(productID: ID, delta: Int? = nil, set: Int? = nil, reason: String) {
        self.productID = productID
        self.delta = delta
        self.set = set
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
        case delta, set, reason
    }
}

/// Holds all lines of an order, or none of them.
///
/// An order that is being placed comes as it was asked for (``order``, version 2): it is priced here, its id is the message's, and nobody has written it
/// yet. An order that is written already is only named (version 1).
public struct ReserveStock: Command {
    /// `inventory.reserve`.
    public static let type = "inventory.reserve"
    /// 2: with `order`.
    public static let schema = 2

    /// The order that is written already; nil with ``order``.
    public var orderID: ID?
    /// What to hold for it; each product once. Nil with ``order``.
    public var lines: [OrderLine]?
    /// The order that is being placed.
    public var order: PlaceOrder?
    /// Which time this is for the order; nil is the first. The second is for an order whose money came after it was given up.
    public var round: Int?

    /// 1 without ``order``.
    public var version: Int { self.order == nil ? 1 : 2 }

    /// Holds all lines of an order that is written already, or none of them.
    public init(orderID: ID, lines: [OrderLine], round: Int? = nil) {
        self.orderID = orderID
        self.lines = lines
        self.round = round
    }

    /// Places an order, whose id is the message's.
    public init(order: PlaceOrder) { self.order = order }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case lines, order, round
    }
}

/// Gives back what is held for an order, or was sold to it. It may come before its reservation, which then holds nothing.
public struct ReleaseStock: Command {
    /// `inventory.release`.
    public static let type = "inventory.release"

    /// The order.
    public var orderID: ID
    /// Why, for the ledger.
    public var reason: String
    /// The reservation it is about; nil is the first. A later one stays.
    public var round: Int?

    /// Gives back what is held for an order.
    public init(orderID: ID, reason: String, round: Int? = nil) {
        self.orderID = orderID
        self.reason = reason
        self.round = round
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id"
        case reason, round
    }
}
