import Conveyor
import Postgres
import Shop

/// The stock of a batch's products, locked until its transaction ends: changed in memory message by message, written back with one row per product
/// and one per movement. It never goes below zero, and the movements add up to it.
///
/// Products are always locked in the order of their ids, after the reservations: so batches wait for each other and never deadlock.
struct StockLedger: Sendable {
    /// The reason of a movement.
    enum Kind: String, Sendable {
        case initial, adjustment, reservation, release
    }

    /// The details of a movement.
    struct Note: Sendable {
        var kind: Kind
        var actor: String
        var orderID: ID?
        var reason: String?
    }

    private struct Product {
        var quantity: Int
        let threshold: Int
        let offer: Offer
        var crossings: Int
        var changes: Changes
        var isChanged = false
    }

    private struct Movements {
        var productIDs: [ID] = []
        var orderIDs: [ID?] = []
        var deltas: [Int32] = []
        var stocksAfter: [Int32] = []
        var kinds: [String] = []
        var actors: [String] = []
        var reasons: [String?] = []
    }

    /// The largest value of an `integer` column.
    static let limit = Int(Int32.max)

    private var products: [ID: Product] = [:]
    private var movements = Movements()

    private static let lock: Statement = """
        select id, stock_quantity, low_stock_threshold, low_stock_crossings, stock_changed, unit_amount, currency, is_active, sku, name
        from products where id = any($1) order by id for update
        """
    private static let update: Statement = """
        update products p
        set stock_quantity = m.stock_quantity, low_stock_crossings = m.low_stock_crossings, stock_changed = m.stock_changed, updated_at = now()
        from unnest($1, $2, $3, $4) m(id, stock_quantity, low_stock_crossings, stock_changed) where p.id = m.id
        """
    private static let insertMovements: Statement = """
        insert into stock_movements (product_id, order_id, delta, stock_after, kind, actor, reason)
        select * from unnest($1, $2, $3, $4, $5, $6, $7)
        """

    /// The query that locks these products, for ``init(_:defaultThreshold:)``.
    static func locking(_ products: some Sequence<ID>) -> Call { Call(self.lock, Array(Set(products)).sorted()) }

    /// Locks these products; those that do not exist are left out.
    static func lock(_ products: some Sequence<ID>, defaultThreshold: Int, in transaction: Transaction) async throws -> StockLedger {
        try StockLedger(await transaction.pipeline([Self.locking(products)])[0], defaultThreshold: defaultThreshold)
    }

    /// Reads the rows of ``locking(_:)``.
    /// - Parameter defaultThreshold: for products without their own.
    init(_ rows: Rows, defaultThreshold: Int) throws {
        self.products.reserveCapacity(rows.count)
        for row in rows {
            self.products[try row[0, as: ID.self]] = Product(
                quantity: Int(try row[1, as: Int32.self]), threshold: try row[2, as: Int32?.self].map { Int($0) } ?? defaultThreshold,
                offer: Offer(unitAmount: try row[5], currency: try row[6], isActive: try row[7], sku: try row[8], name: try row[9]),
                crossings: Int(try row[3, as: Int32.self]), changes: try Changes(row[4, as: JSONText?.self]))
        }
    }

    /// The remaining stock; nil if the product does not exist.
    subscript(product: ID) -> Int? { self.products[product]?.quantity }

    /// A product's offer from its locked row; nil if the product does not exist.
    func offer(_ product: ID) -> Offer? { self.products[product]?.offer }

    /// The lines that exceed the stock; empty if there are none.
    /// - Parameter lines: each product once.
    func shortages(_ lines: [OrderLine]) -> [Problem.Line] {
        lines.compactMap { line in
            let available = self[line.productID] ?? 0
            return available >= line.quantity ? nil : Problem.Line(productID: line.productID, requested: line.quantity, available: available)
        }
    }

    /// Adds units to a product, or removes them.
    /// - Returns: an alert if this brought the stock down to its threshold.
    /// - Throws: if the product does not exist, its stock is too small, or the sum exceeds the column.
    mutating func move(_ delta: Int, of id: ID, _ note: Note) throws(Poison) -> StockLow? {
        if delta == 0 { return nil }
        guard var product = self.products[id] else { throw Poison(.invalidPayload, "product_id is \(id), must be of a product that exists") }
        let before = product.quantity
        product.quantity += delta
        guard 0...Self.limit ~= product.quantity else {
            throw Poison(.invalidPayload, "the stock of product \(id) would be \(product.quantity), must be between 0 and \(Self.limit)")
        }
        product.isChanged = true
        self.movements.productIDs.append(id)
        self.movements.orderIDs.append(note.orderID)
        self.movements.deltas.append(Int32(delta))
        self.movements.stocksAfter.append(Int32(product.quantity))
        self.movements.kinds.append(note.kind.rawValue)
        self.movements.actors.append(note.actor)
        self.movements.reasons.append(note.reason)
        let hasCrossed = before > product.threshold && product.quantity <= product.threshold
        if hasCrossed { product.crossings += 1 }
        self.products[id] = product
        guard hasCrossed else { return nil }
        return StockLow(productID: id, stockQuantity: product.quantity, threshold: product.threshold, crossing: Int64(product.crossings))
    }

    /// Whether a manual change comes too late. Two differences commute, in any order; a count does not.
    /// - Throws: `superseded` for a count after any newer manual change, and for a difference after a newer count.
    func check(_ acceptance: Acceptance, _ id: ID, isCount: Bool) throws(Problem) {
        if self.products[id]?.changes.isSuperseded(acceptance, in: isCount ? "adjusted" : "counted") == true { throw .superseded }
    }

    /// Records a manual change.
    mutating func note(_ acceptance: Acceptance, _ id: ID, isCount: Bool) {
        self.products[id]?.changes.note(acceptance, in: isCount ? ["adjusted", "counted"] : ["adjusted"])
        self.products[id]?.isChanged = true
    }

    /// Writes the changes with the transaction's next round trip.
    func write(in transaction: Transaction) throws {
        let changed = self.products.filter { $0.value.isChanged }
        guard !changed.isEmpty else { return }
        transaction.enqueue(
            Self.update, Array(changed.keys), changed.values.map { Int32($0.quantity) }, changed.values.map { Int32(clamping: $0.crossings) },
            try changed.values.map { try $0.changes.json })
        guard !self.movements.productIDs.isEmpty else { return }
        transaction.enqueue(
            Self.insertMovements, self.movements.productIDs, self.movements.orderIDs, self.movements.deltas, self.movements.stocksAfter,
            self.movements.kinds, self.movements.actors, self.movements.reasons)
    }
}
