import Kit
import Postgres
import Shop

/// Changes fields of a product; orders keep their prices. A new count of its stock goes through the ledger.
struct UpdateProductHandler: Handler {
    /// Of products without a threshold of their own.
    let lowStockThreshold: Int

    func handle(_ batch: [Received<UpdateProduct, Void>], in transaction: Transaction) async throws -> [Reply] {
        let categories = try await ProductRecord.categories(batch.lazy.compactMap(\.payload.categoryID), in: transaction)
        let before = try await ProductRecord.lock(batch.lazy.map(\.payload.productID), in: transaction)
        var products = before
        var ledger = try await StockLedger.lock(
            batch.lazy.filter { $0.payload.stockQuantity != nil }.map(\.payload.productID), defaultThreshold: self.lowStockThreshold, in: transaction)
        let replies = try batch.map { message -> Reply in
            let command = message.payload
            do {
                guard var product = products[command.productID] else { throw Problem(.notFound, "There is no such product.") }
                try ProductRecord.check(unitAmount: command.unitAmount, stock: command.stockQuantity, threshold: command.lowStockThreshold)
                try ProductRecord.check(category: command.categoryID, among: categories, message.envelope)
                product.apply(command, message.envelope)
                products[product.id] = product
                let alert = try command.stockQuantity.flatMap {
                    try ledger.adjust(product.id, by: nil, to: $0, reason: nil, message.envelope)
                }
                return .changed(product: product.id, alert: alert)
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        ledger.write(in: transaction)
        try await ProductRecord.write(products.values.filter { before[$0.id] != $0 }, in: transaction)
        return replies
    }
}

extension ProductRecord {
    fileprivate mutating func apply(_ command: UpdateProduct, _ envelope: Envelope) {
        if let sku = command.sku, self.edits.admits("sku", envelope) { self.sku = sku }
        if let name = command.name, self.edits.admits("name", envelope) { self.name = name }
        if let description = command.description, self.edits.admits("description", envelope) { self.description = description }
        if let unitAmount = command.unitAmount, self.edits.admits("unit_amount", envelope) { self.unitAmount = unitAmount }
        if let currency = command.currency, self.edits.admits("currency", envelope) { self.currency = currency }
        if let images = command.images, self.edits.admits("images", envelope) { self.images = images }
        if let isActive = command.isActive { self.setActive(isActive, envelope) }
        if command.lowStockThreshold != nil || command.clearsLowStockThreshold == true, self.edits.admits("low_stock_threshold", envelope) {
            self.lowStockThreshold = command.lowStockThreshold.map { Int32(clamping: $0) }
        }
        if command.categoryID != nil || command.clearsCategory == true, self.edits.admits("category_id", envelope) {
            self.categoryID = command.categoryID
        }
    }

    /// Puts it into the shop, or takes it out.
    mutating func setActive(_ isActive: Bool, _ envelope: Envelope) {
        if self.edits.admits("is_active", envelope) { self.isActive = isActive }
    }
}
