import Conveyor
import Postgres
import Shop

/// Changes fields of a product, all of them or none; existing orders keep their prices. A new stock goes through the ledger.
struct UpdateProductHandler: Handler {
    /// The default threshold.
    let lowStockThreshold: Int

    func handle(_ batch: [Received<UpdateProduct, Void>], in transaction: Transaction) async throws -> [Reply] {
        let categories = try await ProductRecord.categories(batch.lazy.compactMap(\.payload.categoryID), in: transaction)
        let (before, rows) = try await ProductRecord.lock(
            batch.lazy.map(\.payload.productID), and: [Acceptances.reading(batch.lazy.map(\.envelope))], in: transaction)
        let acceptances = try Acceptances(rows[0])
        var products = before
        var ledger = try await StockLedger.lock(
            batch.lazy.filter { $0.payload.stockQuantity != nil }.map(\.payload.productID), defaultThreshold: self.lowStockThreshold, in: transaction)
        let replies = try batch.map { message -> Reply in
            let (command, acceptance) = (message.payload, acceptances[message.envelope])
            do {
                guard var product = products[command.productID] else { throw Problem(.notFound, "There is no such product.") }
                try ProductRecord.check(unitAmount: command.unitAmount, stock: command.stockQuantity, threshold: command.lowStockThreshold)
                try ProductRecord.check(category: command.categoryID, among: categories, message.envelope)
                try product.apply(command, acceptance)
                if command.unitAmount != nil || command.currency != nil {
                    try ProductRecord.check(price: product.unitAmount, in: product.currency)
                }
                let alert = try command.stockQuantity.flatMap {
                    try ledger.adjust(product.id, by: nil, to: $0, reason: nil, message.envelope, acceptance)
                }
                products[product.id] = product
                return .changed(product: product.id, alert: alert)
            } catch let problem as Problem {
                return .rejected(problem)
            }
        }
        try ledger.write(in: transaction)
        try await ProductRecord.write(products.values.filter { before[$0.id] != $0 }, in: transaction)
        return replies
    }
}

extension ProductRecord {
    fileprivate mutating func apply(_ command: UpdateProduct, _ acceptance: Acceptance) throws(Problem) {
        var fields: [String] = []
        if let sku = command.sku {
            fields.append("sku")
            self.sku = sku
        }
        if let name = command.name {
            fields.append("name")
            self.name = name
        }
        if let description = command.description {
            fields.append("description")
            self.description = description
        }
        if let unitAmount = command.unitAmount {
            fields.append("unit_amount")
            self.unitAmount = unitAmount
        }
        if let currency = command.currency {
            fields.append("currency")
            self.currency = currency
        }
        if let images = command.images {
            fields.append("images")
            self.images = images
        }
        if let isActive = command.isActive {
            fields.append("is_active")
            self.isActive = isActive
        }
        if command.lowStockThreshold != nil || command.clearsLowStockThreshold == true {
            fields.append("low_stock_threshold")
            self.lowStockThreshold = command.lowStockThreshold.map { Int32(clamping: $0) }
        }
        if command.categoryID != nil || command.clearsCategory == true {
            fields.append("category_id")
            self.categoryID = command.categoryID
        }
        try self.changes.admit(acceptance, in: fields)
    }
}
