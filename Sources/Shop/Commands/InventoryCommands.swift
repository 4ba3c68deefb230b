public import Conveyor

/// Creates a category; its id is the message's.
public struct CreateCategory: Command {
    /// `inventory.create_category`.
    public static let type = "inventory.create_category"

    /// The display name.
    public var name: String
    /// The slug in URLs; derived from the name if nil.
    public var slug: String?
    /// Plain text.
    public var description: String?
    /// The parent category.
    public var parentID: ID?
    /// Whether the tree shows it; true if nil.
    public var isActive: Bool?

    /// Creates a category; its id is the message's.
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

/// Changes a category; nil leaves a field unchanged.
public struct UpdateCategory: OrderedCommand {
    /// `inventory.update_category`.
    public static let type = "inventory.update_category"

    /// The category.
    public var categoryID: ID
    /// The display name.
    public var name: String?
    /// The slug in URLs.
    public var slug: String?
    /// Plain text.
    public var description: String?
    /// The parent category.
    public var parentID: ID?
    /// True makes it a root category.
    public var clearsParent: Bool?
    /// Whether the tree shows it.
    public var isActive: Bool?

    /// Changes a category; nil leaves a field unchanged.
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

/// Creates a product; its id is the message's.
public struct CreateProduct: Command {
    /// `inventory.create_product`.
    public static let type = "inventory.create_product"

    /// The stock keeping unit, unique.
    public var sku: String
    /// The display name.
    public var name: String
    /// Plain text.
    public var description: String?
    /// Price in the minor unit.
    public var unitAmount: Int64
    /// ISO 4217, lower case; the shop's currency if nil.
    public var currency: String?
    /// The initial stock; 0 if nil.
    public var stockQuantity: Int?
    /// Its category.
    public var categoryID: ID?
    /// URLs.
    public var images: [String]?
    /// Whether it is for sale; true if nil.
    public var isActive: Bool?
    /// The stock at which an alert is sent; the shop's default if nil.
    public var lowStockThreshold: Int?

    /// Creates a product; its id is the message's.
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

/// Changes a product; nil leaves a field unchanged. Only this, to an absolute count, and `inventory.adjust_stock` change the stock.
public struct UpdateProduct: OrderedCommand {
    /// `inventory.update_product`.
    public static let type = "inventory.update_product"

    /// The product.
    public var productID: ID
    /// The stock keeping unit.
    public var sku: String?
    /// The display name.
    public var name: String?
    /// Plain text.
    public var description: String?
    /// Price in the minor unit; existing orders keep theirs.
    public var unitAmount: Int64?
    /// ISO 4217, lower case.
    public var currency: String?
    /// The new stock; the ledger records the difference.
    public var stockQuantity: Int?
    /// Its category.
    public var categoryID: ID?
    /// True removes it from its category.
    public var clearsCategory: Bool?
    /// URLs.
    public var images: [String]?
    /// Whether it is for sale.
    public var isActive: Bool?
    /// The stock at which an alert is sent.
    public var lowStockThreshold: Int?
    /// True removes its own threshold; the shop's default applies.
    public var clearsLowStockThreshold: Bool?

    /// Changes a product; nil leaves a field unchanged. Only this, to an absolute count, and `inventory.adjust_stock` change the stock.
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

/// Archives a product; existing orders keep their lines.
public struct ArchiveProduct: OrderedCommand {
    /// `inventory.archive_product`.
    public static let type = "inventory.archive_product"

    /// The product.
    public var productID: ID

    /// Archives a product; existing orders keep their lines.
    public init(productID: ID) {
        self.productID = productID
    }

    enum CodingKeys: String, CodingKey {
        case productID = "product_id"
    }
}

/// Changes or sets a product's stock. Exactly one of `delta` and `set` is given.
public struct AdjustStock: OrderedCommand {
    /// `inventory.adjust_stock`.
    public static let type = "inventory.adjust_stock"

    /// The product.
    public var productID: ID
    /// Units to add; negative to remove.
    public var delta: Int?
    /// The new stock.
    public var set: Int?
    /// The reason in the ledger.
    public var reason: String

    /// Changes or sets a product's stock. Exactly one of `delta` and `set` is given.
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

/// Releases the stock that is reserved for an order, or was sold to it. If it comes before the reservation, that one reserves nothing.
public struct ReleaseStock: Command {
    /// `inventory.release`.
    public static let type = "inventory.release"

    /// The order.
    public var orderID: ID
    /// The reason in the ledger.
    public var reason: String
    /// The round to release; nil is the first. Later rounds stay.
    public var round: Int?

    /// Releases an order's stock.
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
