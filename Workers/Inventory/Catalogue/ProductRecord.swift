import Conveyor
import Postgres
import Shop

/// A product's row without its stock.
struct ProductRecord: Sendable, Equatable {
    let id: ID
    var unitAmount: Int64
    var categoryID: ID?
    var lowStockThreshold: Int32?
    var isActive: Bool
    var currency: String
    var sku: String
    var name: String
    var description: String
    var images: [String]
    var changes: Changes
}

extension ProductRecord {
    private static let lock: Statement = """
        select id, unit_amount, category_id, low_stock_threshold, is_active, currency, sku, name, description, images, changed
        from products where id = any($1) order by id for update
        """
    private static let update: Statement = """
        update products p
        set unit_amount = m.unit_amount, category_id = m.category_id, low_stock_threshold = m.low_stock_threshold, is_active = m.is_active,
            currency = m.currency, sku = m.sku, name = m.name, description = m.description,
            images = array(select json_array_elements_text(m.images)), changed = m.changed, updated_at = now()
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             m(id, unit_amount, category_id, low_stock_threshold, is_active, currency, sku, name, description, images, changed)
        where p.id = m.id
        """
    private static let holdCategories: Statement = "select id from categories where id = any($1) order by id for key share"

    /// Locks and reads these products; those that do not exist are left out.
    /// Runs the given queries under the locks.
    static func lock(
        _ ids: some Sequence<ID>, and calls: [Call], in transaction: Transaction
    ) async throws -> (products: [ID: ProductRecord], rows: [Rows]) {
        let rows = try await transaction.pipeline([Call(Self.lock, Array(Set(ids)).sorted())] + calls)
        var products: [ID: ProductRecord] = [:]
        for row in rows[0] {
            let product = ProductRecord(
                id: try row[0], unitAmount: try row[1], categoryID: try row[2], lowStockThreshold: try row[3], isActive: try row[4],
                currency: try row[5], sku: try row[6], name: try row[7], description: try row[8], images: try row[9],
                changes: try Changes(row[10, as: JSONText?.self]))
            products[product.id] = product
        }
        return (products, Array(rows.dropFirst()))
    }

    /// Writes products back.
    /// - Throws: `sku_taken`; the transaction must then be rolled back.
    static func write(_ products: [ProductRecord], in transaction: Transaction) async throws {
        guard !products.isEmpty else { return }
        do {
            _ = try await transaction.query(
                Self.update, products.map(\.id), products.map(\.unitAmount), products.map(\.categoryID), products.map(\.lowStockThreshold),
                products.map(\.isActive), products.map(\.currency), products.map(\.sku), products.map(\.name), products.map(\.description),
                try products.map { JSONText(try JSON.encode($0.images)) }, try products.map { try $0.changes.json })
        } catch let error as PostgresError where error.sqlState == .uniqueViolation && error.constraint == "products_sku_key" {
            throw Self.skuTaken
        }
    }

    /// The existing ones of these categories, locked until the transaction ends.
    static func categories(_ ids: some Sequence<ID>, in transaction: Transaction) async throws -> Set<ID> {
        let ids = Array(Set(ids)).sorted()
        return ids.isEmpty ? [] : Set(try await transaction.query(Self.holdCategories, ids).decode(ID.self))
    }

    static let skuTaken = Problem(.skuTaken, "Another product has this sku.")

    /// The same limit as `unit_amount_is_in_range`.
    private static let allowedAmounts: ClosedRange<Int64> = 0...1_000_000_000_000

    /// - Throws: `invalid` with the offending field.
    static func check(unitAmount: Int64?, stock: Int?, threshold: Int?) throws(Problem) {
        let stocks = 0...StockLedger.limit
        func refuse(_ field: String, _ range: ClosedRange<some Any>) -> Problem {
            Problem(
                .invalid, "A field is out of range.",
                errors: [.init(field: field, message: "must be between \(range.lowerBound) and \(range.upperBound)")])
        }
        if let unitAmount, !Self.allowedAmounts.contains(unitAmount) { throw refuse("unit_amount", Self.allowedAmounts) }
        if let stock, !stocks.contains(stock) { throw refuse("stock_quantity", stocks) }
        if let threshold, !stocks.contains(threshold) { throw refuse("low_stock_threshold", stocks) }
    }

    /// - Throws: `invalid` for a category that does not exist; at the first attempt `Transient`.
    static func check(category: ID?, among known: Set<ID>, _ envelope: Envelope) throws {
        guard let category, !known.contains(category) else { return }
        try envelope.waitOnce(for: "the category")
        throw Problem(.invalid, "There is no such category.", errors: [.init(field: "category_id", message: "is not the id of a category")])
    }
}

extension Reply {
    /// The event for a product that changed beyond its stock.
    static func changed(product id: ID, alert: StockLow? = nil) -> Reply {
        .done(emits: [CatalogChanged(productIDs: [id], categoryIDs: [])] + (alert.map { [$0] } ?? []), changes: [.product(id)])
    }
}
